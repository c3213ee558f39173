import { native } from '../internal/binding';
import type { Principal } from './principal';
import { validateString, wrongType, wrongValue } from '../internal/validate';

/** The name behind a principal. */
export interface Account {
  readonly name: string;
  /** The Windows domain or computer; absent on Linux. */
  readonly domain?: string;
}

const maxAge = 60_000; // ms
const maxSize = 1024;
const known = new Map<string, { account: Account | undefined; time: number }>();

const keyOf = (kind: string, id: string): string => `${kind}:${id}`;

export function rememberAccount(kind: string, id: string, account: Account | undefined): void {
  const oldest = known.keys().next();
  if (known.size >= maxSize && !oldest.done) known.delete(oldest.value);
  known.set(keyOf(kind, id), { account, time: Date.now() });
}

/** What has been looked up already; asks nobody. */
export function knownAccount(kind: string, id: string): Account | undefined {
  return known.get(keyOf(kind, id))?.account;
}

/**
 * The account of a user or group, or undefined if there is none. Asked on a pool thread with the identity of
 * the process, whatever the caller impersonates; an answer is kept for a minute. LookupAccountSidW on Windows,
 * the user database (NSS) on Linux. Rejects with the operating system's error if it cannot be asked.
 */
export async function lookupAccount(principal: Principal): Promise<Account | undefined> {
  if (typeof principal !== 'object' || (principal as unknown) === null) {
    throw wrongType('principal', 'a Principal', principal);
  }
  const { kind, id } = principal;
  if (kind !== 'user' && (kind as unknown) !== 'group') {
    throw wrongValue('principal.kind', "must be 'user' or 'group'");
  }
  validateString(id, 'principal.id');
  const entry = known.get(keyOf(kind, id));
  if (entry && Date.now() - entry.time < maxAge) return entry.account;
  // Without await: inside a scope that would be taken for the scope's own code suspending itself.
  return native.lookupAccount(kind, id).then((found) => {
    const account =
      found === null
        ? undefined
        : Object.freeze({ name: found.name, ...(found.domain && { domain: found.domain }) });
    rememberAccount(kind, id, account);
    return account;
  });
}
