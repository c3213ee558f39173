import { setTimeout } from 'node:timers/promises';
import type { LogonOptions, Token } from 'impersonate/unrouted';

/** A user that is not the service, known to the kernel. */
export interface Identity {
  readonly key: 'alice' | 'bob';
  /** The name of the account. */
  readonly name: string;
  /** As `token.user.id` has it. */
  readonly id: string;
  /** The id of a group that only this user is in. */
  readonly group: string;
  /** The account's. */
  readonly password: string;
  /** A token of its own at every call; the caller closes it. */
  token(): Promise<Token>;
  /** What Token.logon takes for this user. */
  logon(changes?: Partial<LogonOptions>): LogonOptions;
}

/** What the contract tests know of the system: two users, and witnesses that do not ask the product. */
export interface World {
  readonly alice: Identity;
  readonly bob: Identity;
  readonly serviceId: string;
  /** Whether the calling thread may open, now, what only `who` may open: the kernel decides. */
  canOpen(who: Identity): boolean;
  canOpenService(): boolean;
  /** The user that the kernel takes the calling thread for. */
  whoAmI(): string;
  /** Puts a user on the calling thread as another addon would, behind the product's back. */
  putForeign(who: Identity): void;
  removeForeign(): void;
  /**
   * Makes a file, or a folder and all that will be in it, something only `who` may open. By mode and owner on Linux; by
   * the file witness under Wine, which stays in place: for a program that a test starts.
   */
  own(path: string, who: Identity | 'service'): void;
  /** What the process holds of the kernel and must give back: descriptors or handles. */
  handleCount(): number;
}

function choose(): World {
  if (process.platform === 'win32') return (require('./win32') as { world: World }).world;
  return (require('./linux') as { world: World }).world;
}

export const world: World = choose();

/**
 * How many handles the process holds once whatever was ending has ended: a thread that has answered and a connection
 * that was closed are there for a moment still, and would count as leaks after a test or hide one before it. Waits
 * for that moment as long as there are more than `wanted`, which on a busy machine may be seconds.
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
