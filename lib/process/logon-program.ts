import type { ChildProcess } from 'node:child_process';
import type { NativeLogonRequest } from '../../types/native-logon';
import { native } from '../internal/binding';
import { prepareThread } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import { validateBoolean, validateOptions, validateString } from '../internal/validate';
import { type LogonOptions, providers, types, validatePassword, windowsAccount } from '../token/logon';
import { spawnAs } from './token-methods';

/**
 * The user and the password of a program that `spawnWithLogon()` starts.
 *
 * @example
 * const logon: ProgramLogon = { user: 'alice', password, netOnly: true };
 */
export interface ProgramLogon extends Pick<LogonOptions, 'user' | 'domain' | 'password'> {
  /**
   * Whether the program is this process's user on this computer and the named user on others, as with `runas /netonly`. The
   * password is not checked before. Off by default.
   */
  netOnly?: boolean;
}

const known = ['user', 'domain', 'password', 'netOnly'] as const;

interface Checked {
  readonly request: NativeLogonRequest;
  readonly password: string | Uint8Array;
}

function toRequest(logon: unknown): Checked {
  validateOptions(logon, 'logon', known);
  const { user, domain, password, netOnly = false } = logon;
  validateString(user, 'logon.user');
  if (domain !== undefined) validateString(domain, 'logon.domain');
  validatePassword(password, 'logon.password');
  validateBoolean(netOnly, 'logon.netOnly');
  const account = windowsAccount(user, domain, 'logon');
  const type = netOnly ? types.newCredentials : types.interactive;
  return { request: { ...account, type, provider: providers.default, service: '' }, password };
}

/** Implements `spawnWithLogon`. */
export function spawnWithLogon(logon: unknown, given: readonly unknown[]): ChildProcess {
  const { request, password } = toRequest(logon);
  if (native.port !== 'win32') {
    throw new ImpersonationError(
      'spawnWithLogon() is available on Windows only: use Token.logon() and token.spawn()',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
  prepareThread();
  const pending = native.prepareLogon(request, password);
  try {
    return spawnAs(pending, given);
  } finally {
    native.forgetLogon(pending);
  }
}
