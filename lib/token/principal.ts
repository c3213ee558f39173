import type { NativePrincipal, TokenId } from '../../types/native';
import type { Identities } from '../diagnostics/messages';
import { native } from '../internal/binding';
import { findToken } from '../internal/token-ref';
import { validateString, wrongType, wrongValue } from '../internal/validate';

/** A user or a group. */
export interface Principal {
  readonly kind: 'user' | 'group';
  /** The SID on Windows, the decimal uid or gid on Linux. */
  readonly id: string;
  /** Windows. */
  readonly sid?: string;
  /** Linux, for a user. */
  readonly uid?: number;
  /** Linux, for a group. */
  readonly gid?: number;
  /** Only where `lookupAccount` or `Token.forUser` has found it out already. */
  readonly name?: string;
}

/** A Win32 privilege or a Linux capability that a token holds. */
export interface Privilege {
  readonly name: string;
  readonly enabled: boolean;
}

export function toPrincipal({ kind, id }: NativePrincipal): Principal {
  const name = knownAccount(kind, id)?.name;
  const own =
    native.port === 'win32' ? { sid: id } : kind === 'user' ? { uid: Number(id) } : { gid: Number(id) };
  return Object.freeze({ kind, id, ...own, ...(name !== undefined && { name }) });
}

/** The id of a principal, or of what names one: an id as a string, and where `numbers` says so as a number. */
export function principalId(value: unknown, argument: string, numbers = false): string {
  if (typeof value === 'string') {
    validateString(value, argument);
    return value;
  }
  if (numbers && typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0) throw wrongValue(argument, 'must be a whole number from 0 up');
    return String(value);
  }
  if (typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string') {
    return value.id;
  }
  throw wrongType(argument, `of type string${numbers ? ' or number' : ''} or a Principal`, value);
}

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

let processUser: NativePrincipal | undefined;

/** Drops the cached principal of the process. Call it when the credentials of the process have changed. */
export function forgetProcessPrincipal(): void {
  processUser = undefined;
}

/** Returns the principals that diagnostics publish for an open token. Call it as the process. */
export function describeIdentities(id: TokenId): Identities {
  processUser ??= native.describeProcess().user;
  const user = findToken(id)?.user ?? toPrincipal(native.describeToken(id).user);
  return { process: toPrincipal(processUser), user };
}
