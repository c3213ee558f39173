import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import {
  validateArray,
  validateInteger,
  validateOptions,
  validateString,
  wrongValue,
} from '../internal/validate';

/**
 * Which processes may connect to a `PeerServer`, and how many.
 *
 * @example
 * const options: PeerServerOptions =
 *   process.platform === 'win32' ? { allow: ['authenticated-users'] } : { mode: 0o666, maxConnections: 100 };
 * using server = createPeerServer(options);
 */
export interface PeerServerOptions {
  /**
   * The users and groups that may connect besides the process's user, SYSTEM and the administrators: SIDs,
   * `authenticated-users` or `interactive`. They may read and write, and not serve the same pipe. Windows.
   */
  allow?: readonly string[];
  /** The pipe's security descriptor in SDDL, instead of `allow`. It must have a DACL. Windows. */
  securityDescriptor?: string;
  /** The socket's mode, 0 to 0o777; 0o600 by default, or 0o660 with a `group`. Clients need write permission. Linux. */
  mode?: number;
  /** The gid that owns the socket, 0 to 4,294,967,294. Linux. */
  group?: number;
  /**
   * The number of connections that may be open, 0 to 2,147,483,648. The server closes further ones and emits 'drop'. No
   * limit by default.
   */
  maxConnections?: number;
  /**
   * Milliseconds within which a client must send data if Windows cannot identify it before, 1 to 2,147,483,647; 5,000
   * by default. Windows.
   */
  identifyTimeout?: number;
}

/** The settings of a named pipe. */
export interface PipeSettings {
  readonly allow: readonly string[];
  readonly securityDescriptor: string;
  readonly identifyTimeout: number;
  readonly maxConnections: number;
}

/** The settings of a unix socket. */
export interface UnixSettings {
  readonly mode: number;
  readonly group: number | undefined;
}

/** The settings of a server: its options, validated and with defaults. */
export interface Settings extends PipeSettings, UnixSettings {}

/** The SIDs of the groups that `allow` takes by name. */
const groups: Readonly<Record<string, string>> = {
  'authenticated-users': 'S-1-5-11',
  interactive: 'S-1-5-4',
};

/** The platform of each option that the other one does not have, and what that one has instead. */
const platformOptions = {
  allow: ['win32', 'use `mode` and `group` for the access to a unix socket'],
  securityDescriptor: ['win32', 'use `mode` and `group` for the access to a unix socket'],
  mode: ['linux', 'use `allow` for the access to a named pipe'],
  group: ['linux', 'use `allow` for the access to a named pipe'],
} as const;

function requirePlatform(options: PeerServerOptions): void {
  for (const [name, [port, instead]] of Object.entries(platformOptions)) {
    if (options[name as keyof typeof platformOptions] === undefined || native.port === port) continue;
    throw new ImpersonationError(
      `options.${name} is not supported on this platform: ${instead}`,
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

/** Validates the options and completes them with the defaults. */
export function toSettings(options: PeerServerOptions): Settings {
  validateOptions(options, 'options', keys);
  const { allow = [], securityDescriptor, mode, group } = options;
  const { maxConnections = Infinity, identifyTimeout = 5000 } = options;
  const sids = toSids(allow);
  if (securityDescriptor !== undefined) {
    validateString(securityDescriptor, 'options.securityDescriptor');
    if (sids.length > 0)
      throw wrongValue('options.allow', 'must not be given together with options.securityDescriptor');
  }
  if (mode !== undefined) validateInteger(mode, 'options.mode', 0, 0o777);
  if (group !== undefined) validateInteger(group, 'options.group', 0, 0xffff_fffe);
  if (maxConnections !== Infinity) validateInteger(maxConnections, 'options.maxConnections', 0, 2 ** 31);
  validateInteger(identifyTimeout, 'options.identifyTimeout', 1, 2 ** 31 - 1);
  requirePlatform(options);
  return {
    allow: sids,
    securityDescriptor: securityDescriptor ?? '',
    mode: mode ?? (group === undefined ? 0o600 : 0o660),
    group,
    maxConnections,
    identifyTimeout,
  };
}
