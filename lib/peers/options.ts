import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import {
  validateArray,
  validateInteger,
  validateOptions,
  validateString,
  wrongValue,
} from '../internal/validate';

/** Who may connect, and how many. */
export interface PeerServerOptions {
  /**
   * Windows: who may connect besides the process's user, SYSTEM and the administrators, as SIDs,
   * `authenticated-users` or `interactive`. They may read and
   * write, but not serve the same pipe.
   */
  allow?: readonly string[];
  /** Windows: the pipe's security descriptor in SDDL, instead of `allow`. It must have a DACL. */
  securityDescriptor?: string;
  /** Linux: the socket's mode; 0o600 by default, 0o660 with a `group`. To connect takes write permission. */
  mode?: number;
  /** Linux: the gid that the socket belongs to. */
  group?: number;
  /** Further clients are turned away ('drop'); no limit by default. */
  maxConnections?: number;
  /** Windows: milliseconds for a client who is not known before it writes to do so; 5,000 by default. */
  identifyTimeout?: number;
}

export interface PipeSettings {
  readonly allow: readonly string[];
  readonly securityDescriptor: string;
  readonly identifyTimeout: number;
  readonly maxConnections: number;
}

export interface UnixSettings {
  readonly mode: number;
  readonly group: number | undefined;
}

export interface Settings extends PipeSettings, UnixSettings {}

const groups: Readonly<Record<string, string>> = {
  'authenticated-users': 'S-1-5-11',
  interactive: 'S-1-5-4',
};

const elsewhere = {
  allow: ['win32', '`mode` and `group` say who may connect to a unix socket'],
  securityDescriptor: ['win32', '`mode` and `group` say who may connect to a unix socket'],
  mode: ['linux', '`allow` says who may connect to a named pipe'],
  group: ['linux', '`allow` says who may connect to a named pipe'],
} as const;

function requirePort(options: PeerServerOptions): void {
  for (const [name, [port, instead]] of Object.entries(elsewhere)) {
    if (options[name as keyof typeof elsewhere] === undefined || native.port === port) continue;
    throw new ImpersonationError(
      `options.${name} means nothing on this platform: ${instead}`,
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
}

function toSids(allow: unknown): string[] {
  validateArray(allow, 'options.allow');
  return allow.map((entry, index) => {
    const argument = `options.allow[${index}]`;
    validateString(entry, argument);
    const sid = groups[entry] ?? entry;
    if (!/^S-1-[0-9-]+$/i.test(sid)) {
      throw wrongValue(argument, `must be a SID or one of: ${Object.keys(groups).join(', ')}`);
    }
    return sid;
  });
}

const keys = ['allow', 'securityDescriptor', 'mode', 'group', 'maxConnections', 'identifyTimeout'] as const;

/** The options, checked and complete. */
export function toSettings(options: PeerServerOptions): Settings {
  validateOptions(options, 'options', keys);
  const { allow = [], securityDescriptor, mode, group } = options;
  const { maxConnections = Infinity, identifyTimeout = 5000 } = options;
  const sids = toSids(allow);
  if (securityDescriptor !== undefined) {
    validateString(securityDescriptor, 'options.securityDescriptor');
    if (sids.length > 0)
      throw wrongValue('options.allow', 'has no meaning beside options.securityDescriptor');
  }
  if (mode !== undefined) validateInteger(mode, 'options.mode', 0, 0o777);
  if (group !== undefined) validateInteger(group, 'options.group', 0, 0xffff_fffe);
  if (maxConnections !== Infinity) validateInteger(maxConnections, 'options.maxConnections', 0, 2 ** 31);
  validateInteger(identifyTimeout, 'options.identifyTimeout', 1, 2 ** 31 - 1);
  requirePort(options);
  return {
    allow: sids,
    securityDescriptor: securityDescriptor ?? '',
    mode: mode ?? (group === undefined ? 0o600 : 0o660),
    group,
    maxConnections,
    identifyTimeout,
  };
}
