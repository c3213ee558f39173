import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { rememberAccount } from './principal';
import { onOwnThread } from '../internal/own-thread';
import {
  validateAbortSignal,
  validateBoolean,
  validateOptions,
  validateString,
  wrongValue,
} from '../internal/validate';

const sources = { auto: 0, kerberos: 1, local: 2 } as const;

/**
 * How `Token.forUser` looks the user up.
 *
 * @example
 * const options: ForUserOptions = { signal: AbortSignal.timeout(10_000) };
 * using alice = await Token.forUser('alice', options);
 */
export interface ForUserOptions {
  /**
   * The authority: `kerberos` for an account of a domain, `local` (MSV1_0) for one of this computer; `auto`, the
   * default, chooses by the form of the name. Windows; Linux has only the user database.
   */
  source?: keyof typeof sources;
  /**
   * Whether PAM's account step (pam_acct_mgmt, service `login`) must accept the account; false by default. Linux;
   * Windows always checks the account.
   */
  account?: boolean;
  /** Aborts the call, which rejects with the signal's reason. The system's look-up is not interrupted. */
  signal?: AbortSignal;
}

/** Throws for arguments that `forUser` does not accept. */
export function validateForUser(name: unknown, options: unknown): asserts options is ForUserOptions {
  validateString(name, 'name');
  validateOptions(options, 'options', ['source', 'account', 'signal']);
  const { source = 'auto', account, signal } = options;
  if (typeof source !== 'string' || !Object.hasOwn(sources, source)) {
    throw wrongValue('options.source', "must be 'auto', 'kerberos' or 'local'");
  }
  if (account !== undefined) validateBoolean(account, 'options.account');
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
}

/** Windows has names of several forms, and only the directory knows which one is the account's. */
function rememberName(id: TokenId, name: string): TokenId {
  if (native.port !== 'linux') return id;
  try {
    rememberAccount('user', native.describeToken(id).user.id, Object.freeze({ name }));
  } catch (error) {
    native.closeToken(id);
    throw error;
  }
  return id;
}

/** Implements `Token.forUser`. */
export async function forUser(name: string, options: ForUserOptions): Promise<TokenId> {
  validateForUser(name, options);
  const { source = 'auto', account = false, signal } = options;
  // Without await: inside a scope the leak detector would take it for an await of the scope's code.
  return onOwnThread(
    () => native.tokenForUser(name, sources[source], account),
    signal,
    (id) => {
      native.closeToken(id);
    },
  ).then((id) => rememberName(id, name));
}
