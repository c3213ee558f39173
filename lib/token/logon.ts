import type { TokenId } from '../../types/native';
import { isUtf8 } from 'node:buffer';
import type { NativeLogonRequest } from '../../types/native-logon';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { onOwnThread } from '../internal/own-thread';
import {
  validateAbortSignal,
  validateOptions,
  validateString,
  wrongType,
  wrongValue,
} from '../internal/validate';

export interface WindowsAccount {
  readonly user: string;
  /** Empty where the user's name says it: LogonUserW gets none. */
  readonly domain: string;
}

const thisComputer = '.';

/** `alice`, `alice@example.com` and `EXAMPLE\alice` as LogonUserW takes them. */
export function windowsAccount(name: string, domain?: string): WindowsAccount {
  const [first = '', second, ...more] = name.split('\\');
  const isDownLevel = second !== undefined;
  const isUpn = name.includes('@');
  if (!isDownLevel && !isUpn) return { user: name, domain: domain ?? thisComputer };
  if (domain !== undefined) {
    throw wrongValue('options.domain', 'must not be given with a user that names a domain');
  }
  const parts = isDownLevel ? [first, second] : name.split('@');
  if (more.length > 0 || (isDownLevel && isUpn) || parts.length !== 2 || parts.includes('')) {
    throw wrongValue('options.user', 'must be a name, name@domain or DOMAIN\\name');
  }
  return isDownLevel ? { user: second, domain: first } : { user: name, domain: '' };
}

const argument = 'options.password';

/** Bytes; never more UTF-16 units, of which Windows takes 32,767. */
const most = 32_767;

/** Nothing here makes a copy, and no error has any of it. */
export function validatePassword(value: unknown): asserts value is string | Uint8Array {
  const isText = typeof value === 'string';
  if (!isText && !(value instanceof Uint8Array)) {
    throw wrongType(argument, 'of type string or an instance of Uint8Array', value);
  }
  if (Buffer.byteLength(value) > most) throw wrongValue(argument, `must have at most ${most} bytes`);
  // Either would be replaced on its way, and the user asked for with a password that nobody gave.
  if (isText ? /\p{Surrogate}/u.test(value) : !isUtf8(value)) {
    throw wrongValue(argument, isText ? 'must not contain lone surrogates' : 'must be UTF-8');
  }
  // The system would see only what is before it.
  if (isText ? value.includes('\0') : value.includes(0)) {
    throw wrongValue(argument, 'must not contain null bytes');
  }
}

/** How a Windows logon is made: the LOGON32_LOGON_ types in camel case. */
export type LogonType =
  'interactive' | 'network' | 'batch' | 'service' | 'unlock' | 'networkCleartext' | 'newCredentials';

/** Who logs on, and how. */
export interface LogonOptions {
  /** `alice`, `alice@example.com` or `EXAMPLE\\alice`. */
  user: string;
  /** A Windows domain, or `.` for this computer's own accounts. Not with a user that names it. */
  domain?: string;
  /**
   * As a Buffer it is UTF-8, and the caller's to wipe as soon as the call has returned; a string stays in the
   * engine's memory until it is collected, and longer. The copy that is used is wiped right after the logon.
   */
  password: string | Uint8Array;
  /**
   * Windows; `network` by default, which no other computer takes the user's word from. With `newCredentials` the token
   * is the process's own user here, and the named one for other computers only, which nobody checks beforehand.
   */
  type?: LogonType;
  /** Windows; `default` by default, and `winnt50` for `newCredentials`, which takes no other. */
  provider?: 'default' | 'winnt40' | 'winnt50';
  /**
   * The PAM service whose rules hold, a file in /etc/pam.d; `login` by default. For one that is not there PAM takes
   * `other`. Linux.
   */
  service?: string;
  signal?: AbortSignal;
}

const types: Readonly<Record<LogonType, number>> = {
  interactive: 2,
  network: 3,
  batch: 4,
  service: 5,
  unlock: 7,
  networkCleartext: 8,
  newCredentials: 9,
};
const providers = { default: 0, winnt40: 2, winnt50: 3 } as const;

function numberOf<K extends string>(
  numbers: Readonly<Record<K, number>>,
  value: unknown,
  argument: string,
): number {
  if (typeof value !== 'string') throw wrongType(argument, 'of type string', value);
  if (Object.hasOwn(numbers, value)) return numbers[value as K];
  throw wrongValue(argument, `must be one of ${Object.keys(numbers).join(', ')}`);
}

/** An option that this system has nothing for must not be ignored: the logon would mean something else. */
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
  validateString(service, 'options.service');
  if (service.includes('/') || service === '.' || service === '..') {
    throw wrongValue('options.service', 'must be the name of a file in /etc/pam.d');
  }
  return { user, domain: '', type: types.network, provider: providers.default, service };
}

/** What `Token.logon` does. */
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
  // The password is copied now: the caller may wipe his before a thread is free.
  const pending = native.prepareLogon(request, password);
  // Without await: inside a scope that would be taken for the scope's own code suspending itself.
  return onOwnThread(
    () => native.logon(pending),
    signal,
    (id) => native.closeToken(id),
  ).finally(() => {
    native.forgetLogon(pending);
  });
}
