import type { TokenId } from '../../types/native';
import { isUtf8 } from 'node:buffer';
import type { NativeLogonRequest } from '../../types/native-logon';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { onOwnThread } from '../internal/own-thread';
import {
  validateAbortSignal,
  validateOptions,
  validateService,
  validateString,
  wrongType,
  wrongValue,
} from '../internal/validate';

export interface WindowsAccount {
  readonly user: string;
  /** Empty if the user's name has the domain: LogonUserW then takes none. */
  readonly domain: string;
}

const thisComputer = '.';

/** Splits `alice`, `alice@example.com` or `EXAMPLE\alice` as LogonUserW expects it. `argument` is the object that has both. */
export function windowsAccount(name: string, domain?: string, argument = 'options'): WindowsAccount {
  const [first = '', second, ...more] = name.split('\\');
  const isDownLevel = second !== undefined;
  const isUpn = name.includes('@');
  if (!isDownLevel && !isUpn) return { user: name, domain: domain ?? thisComputer };
  if (domain !== undefined) {
    throw wrongValue(`${argument}.domain`, 'must not be given with a user that names a domain');
  }
  const parts = isDownLevel ? [first, second] : name.split('@');
  if (more.length > 0 || (isDownLevel && isUpn) || parts.length !== 2 || parts.includes('')) {
    throw wrongValue(`${argument}.user`, 'must be a name, name@domain or DOMAIN\\name');
  }
  return isDownLevel ? { user: second, domain: first } : { user: name, domain: '' };
}

/** In bytes of UTF-8, of which UTF-16 has no more units. Windows accepts 32,767 units. */
const most = 32_767;

/** Makes no copy of the password, and puts no part of it into an error. */
export function validatePassword(
  value: unknown,
  argument = 'options.password',
): asserts value is string | Uint8Array {
  const isText = typeof value === 'string';
  if (!isText && !(value instanceof Uint8Array)) {
    throw wrongType(argument, 'of type string or an instance of Uint8Array', value);
  }
  if (Buffer.byteLength(value) > most) throw wrongValue(argument, `must have at most ${most} bytes`);
  // The conversion would replace either, and the logon would try a password that the caller did not give.
  if (isText ? /\p{Surrogate}/u.test(value) : !isUtf8(value)) {
    throw wrongValue(argument, isText ? 'must not contain lone surrogates' : 'must be UTF-8');
  }
  // The system would read the password up to the null byte.
  if (isText ? value.includes('\0') : value.includes(0)) {
    throw wrongValue(argument, 'must not contain null bytes');
  }
}

/**
 * The type of a Windows logon: the LOGON32_LOGON_ constants in camel case.
 *
 * @example
 * const type: LogonType = 'networkCleartext';
 */
export type LogonType =
  'interactive' | 'network' | 'batch' | 'service' | 'unlock' | 'networkCleartext' | 'newCredentials';

/**
 * The user, the password and the kind of a logon.
 *
 * @example
 * const options: LogonOptions = { user: 'alice', password, signal: AbortSignal.timeout(10_000) };
 */
export interface LogonOptions {
  /** `alice`, `alice@example.com` or `EXAMPLE\alice`; on Linux a name of the user database. */
  user: string;
  /** A Windows domain, or `.` for the accounts of this computer, the default. Not with a `user` that names one. */
  domain?: string;
  /**
   * The password; bytes are UTF-8. The caller can wipe a buffer as soon as the call has returned; a string stays in the
   * engine's memory. The package's copy is wiped right after the logon.
   */
  password: string | Uint8Array;
  /**
   * `network` by default: the token has no credentials for other computers. With `newCredentials` the token is the
   * process's user on this computer and the named user on others; the password is not checked before. Windows.
   */
  type?: LogonType;
  /** `default` by default, and `winnt50` for `newCredentials`, which requires it. Windows. */
  provider?: 'default' | 'winnt40' | 'winnt50';
  /**
   * The PAM service, a file in /etc/pam.d; `login` by default. If the file does not exist PAM uses `other`. Linux.
   */
  service?: string;
  /** Aborts the call, which rejects with the signal's reason. The logon of the system is not interrupted. */
  signal?: AbortSignal;
}

export const types: Readonly<Record<LogonType, number>> = {
  interactive: 2,
  network: 3,
  batch: 4,
  service: 5,
  unlock: 7,
  networkCleartext: 8,
  newCredentials: 9,
};
export const providers = { default: 0, winnt40: 2, winnt50: 3 } as const;

function numberOf<K extends string>(
  numbers: Readonly<Record<K, number>>,
  value: unknown,
  argument: string,
): number {
  if (typeof value !== 'string') throw wrongType(argument, 'of type string', value);
  if (Object.hasOwn(numbers, value)) return numbers[value as K];
  throw wrongValue(argument, `must be one of ${Object.keys(numbers).join(', ')}`);
}

/** Rejects an option of the other system: to ignore it would change the meaning of the logon. */
function refuse(option: string, value: unknown, advice: string): void {
  if (value === undefined) return;
  throw new ImpersonationError(
    `The option "${option}" is not available on this system: ${advice}`,
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}

type Unchecked = Partial<Record<keyof LogonOptions, unknown>> & { user: string };

function windowsRequest({ user, domain, type, provider, service }: Unchecked): NativeLogonRequest {
  refuse('service', service, 'PAM is on Linux');
  if (domain !== undefined) validateString(domain, 'options.domain');
  const typeNumber = numberOf(types, type ?? 'network', 'options.type');
  const isNew = typeNumber === types.newCredentials;
  const providerNumber = numberOf(providers, provider ?? (isNew ? 'winnt50' : 'default'), 'options.provider');
  if (isNew && providerNumber !== providers.winnt50) {
    throw wrongValue('options.provider', 'must be winnt50 for newCredentials');
  }
  return { ...windowsAccount(user, domain), type: typeNumber, provider: providerNumber, service: '' };
}

function linuxRequest({ user, domain, type, provider, service = 'login' }: Unchecked): NativeLogonRequest {
  refuse('domain', domain, 'name the user as the user database does');
  refuse('type', type, 'choose a PAM service instead');
  refuse('provider', provider, 'choose a PAM service instead');
  validateService(service, 'options.service');
  return { user, domain: '', type: types.network, provider: providers.default, service };
}

/** Implements `Token.logon`. */
export async function logon(options: LogonOptions): Promise<TokenId> {
  validateOptions(options, 'options', [
    'user',
    'domain',
    'password',
    'type',
    'provider',
    'service',
    'signal',
  ]);
  const { password, signal, ...rest } = options;
  const { user } = rest;
  validateString(user, 'options.user');
  validatePassword(password);
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  const request =
    native.port === 'win32' ? windowsRequest({ ...rest, user }) : linuxRequest({ ...rest, user });
  signal?.throwIfAborted();
  // Copied before a thread is free: the caller may wipe the buffer as soon as this returns.
  const pending = native.prepareLogon(request, password);
  // Without await: inside a scope the leak detector would take it for an await of the scope's code.
  return onOwnThread(
    () => native.logon(pending),
    signal,
    (id) => native.closeToken(id),
  ).finally(() => {
    native.forgetLogon(pending);
  });
}
