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

/** How `Token.forUser` finds the user. */
export interface ForUserOptions {
  /**
   * Who answers for the account: `kerberos` for one of a domain, `local` (MSV1_0) for one of this computer; `auto`,
   * the default, chooses by the name. Windows; on Linux there is only the user database.
   */
  source?: keyof typeof sources;
  /**
   * Whether PAM's account step (pam_acct_mgmt, service `login`) must let the account in, too; false by default. Linux;
   * Windows always checks the account.
   */
  account?: boolean;
  /** Rejects with its reason. The system is not called back: what it still answers is dropped. */
  signal?: AbortSignal;
}

/** Throws for arguments that `userToken` would not take. */
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
  if (native.port === 'linux')
    rememberAccount('user', native.describeToken(id).user.id, Object.freeze({ name }));
  return id;
}

/** What `Token.forUser` does. */
export async function forUser(name: string, options: ForUserOptions): Promise<TokenId> {
  validateForUser(name, options);
  const { source = 'auto', account = false, signal } = options;
  // Without await: inside a scope that would be taken for the scope's own code suspending itself.
  return onOwnThread(
    () => native.tokenForUser(name, sources[source], account),
    signal,
    (id) => {
      native.closeToken(id);
    },
  ).then((id) => rememberName(id, name));
}
