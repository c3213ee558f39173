import { setTimeout } from 'node:timers/promises';
import type { LogonOptions, Token } from 'impersonate/unrouted';

/** A user that is not the service, known to the kernel. */
export interface Identity {
  readonly key: 'alice' | 'bob';
  /** The name of the account. */
  readonly name: string;
  /** The value of `token.user.id`. */
  readonly id: string;
  /** The id of a group that only this user is in. */
  readonly group: string;
  /** The password of the account. */
  readonly password: string;
  /** Returns a new token at every call; the caller closes it. */
  token(): Promise<Token>;
  /** The options of Token.logon for this user. */
  logon(changes?: Partial<LogonOptions>): LogonOptions;
}

/** Two users, and checks of the effective identity that do not use the product. */
export interface World {
  readonly alice: Identity;
  readonly bob: Identity;
  readonly serviceId: string;
  /** Whether the kernel lets the calling thread open a file or object that only `who` may open. */
  canOpen(who: Identity): boolean;
  canOpenService(): boolean;
  /** The effective identity of the calling thread, by the kernel. */
  whoAmI(): string;
  /** Puts a user on the calling thread as another addon would, without the product. */
  putForeign(who: Identity): void;
  removeForeign(): void;
  /**
   * Makes a file, or a folder and its later content, accessible only to `who`: by mode and owner on Linux, by the file
   * witness under Wine. The witness stays in place, so call this in a program that a test starts.
   */
  own(path: string, who: Identity | 'service'): void;
  /** The number of descriptors and threads, or of handles, that the process holds. */
  handleCount(): number;
}

function choose(): World {
  if (process.platform === 'win32') return (require('./win32') as { world: World }).world;
  return (require('./linux') as { world: World }).world;
}

export const world: World = choose();

/** The name by which Token.forUser finds a user. Under Wine the test's authority has the accounts, in a domain of its own. */
export const accountOf = ({ name }: Identity): string =>
  process.platform === 'win32' ? `${name}@SEAM` : name;

/**
 * Returns the number of handles after ending threads and closing connections are gone: they would count as leaks after
 * a test, or hide one before it. Waits longer while there are more than `wanted`, on a busy machine for seconds.
 */
export async function settledHandles(wanted = Infinity): Promise<number> {
  let [count, still] = [world.handleCount(), 0];
  const isOver = (): boolean => still >= 10 && count <= wanted;
  const most = wanted === Infinity ? 300 : 1000;
  for (let round = 0; round < most && !isOver(); round++) {
    await setTimeout(10);
    const now = world.handleCount();
    still = now === count ? still + 1 : 0;
    count = now;
  }
  return count;
}
