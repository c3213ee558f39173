import type { NativePrincipal, TokenId } from '../../types/native';
import type { Identities } from '../diagnostics/messages';
import { native } from '../internal/binding';
import { findToken } from '../internal/token-ref';
import { validateString, wrongType, wrongValue } from '../internal/validate';

/**
 * A user or a group.
 *
 * @example
 * const { id, uid = 'none', sid = 'none' } = token.user;
 * console.log(id === String(uid) || id === sid); // Prints: true
 */
export interface Principal {
  /** Which of the two it is. */
  readonly kind: 'user' | 'group';
  /** The SID on Windows, the decimal uid or gid on Linux. */
  readonly id: string;
  /** The SID. Windows. */
  readonly sid?: string;
  /** The uid of a user. Linux. */
  readonly uid?: number;
  /** The gid of a group. Linux. */
  readonly gid?: number;
  /** The account's name, if `lookupAccount`, or on Linux `Token.forUser`, has looked it up. */
  readonly name?: string;
}

/**
 * A Win32 privilege or a Linux capability that a token holds.
 *
 * @example
 * const enabled = token.privileges.filter((privilege: Privilege) => privilege.enabled);
 * console.log(enabled.map(({ name }) => name));
 */
export interface Privilege {
  /** `SeBackupPrivilege`, or `CAP_CHOWN`. */
  readonly name: string;
  /** Whether it is in force; every capability is. */
  readonly enabled: boolean;
}

export function toPrincipal({ kind, id }: NativePrincipal): Principal {
  const name = knownAccount(kind, id)?.name;
  const own =
    native.port === 'win32' ? { sid: id } : kind === 'user' ? { uid: Number(id) } : { gid: Number(id) };
  return Object.freeze({ kind, id, ...own, ...(name !== undefined && { name }) });
}

/** Returns the id of a principal that is given as an object, as a string, or with `numbers` as a number. */
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

/**
 * The name behind a principal.
 *
 * @example
 * const describe = ({ name, domain }: Account) => (domain === undefined ? name : `${domain}\\${name}`);
 */
export interface Account {
  /** The account's name, without a domain. */
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

/** Returns the account if it has been looked up. It makes no look-up. */
export function knownAccount(kind: string, id: string): Account | undefined {
  return known.get(keyOf(kind, id))?.account;
}

/**
 * Looks up the account of a user or group, on a pool thread with the process identity, whatever the caller impersonates
 * (LookupAccountSidW; the user database, NSS, on Linux). A result is cached for a minute.
 *
 * @param principal - A user or group of a token.
 * @returns The account; undefined if there is none.
 * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError Rejects with the system's error.
 * @example
 * const account = await lookupAccount(token.user);
 * console.log(account?.name ?? token.user.id);
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
  // Without await: inside a scope the leak detector would take it for an await of the scope's code.
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

/**
 * Returns the principals that diagnostics publish for an open token; the process's only for undefined. Call it as the
 * process.
 */
export function describeIdentities(id: TokenId | undefined): Identities {
  processUser ??= native.describeProcess().user;
  if (id === undefined) return { process: toPrincipal(processUser), user: toPrincipal(processUser) };
  const user = findToken(id)?.user ?? toPrincipal(native.describeToken(id).user);
  return { process: toPrincipal(processUser), user };
}

/**
 * Folds the case of ASCII letters on Windows, where names are case-insensitive. Other letters stay: the rules of Windows
 * are not JavaScript's, and two users must never get one key.
 */
export function asciiFold(name: string): string {
  if (native.port !== 'win32') return name;
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
