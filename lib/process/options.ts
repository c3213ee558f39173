import { types } from 'node:util';
import type { NativeLimit, NativeProgramOptions } from '../../types/native-program';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { validateBoolean, validateService, wrongType, wrongValue } from '../internal/validate';
import type { Tickets } from '../token/kerberos-tickets';
import { toCredentials } from './credentials';
import { toNativeSession } from './session';

/** The resources whose use `limits` bounds, by the names of ulimit(1) and prlimit(1), with the kernel's numbers. */
const resources = {
  ...{ cpu: 0, fsize: 1, data: 2, stack: 3, core: 4, rss: 5, nproc: 6, nofile: 7, memlock: 8 },
  ...{ as: 9, locks: 10, sigpending: 11, msgqueue: 12, nice: 13, rtprio: 14, rttime: 15 },
} as const;

/**
 * A resource of a program that `limits` bounds: `nofile`, `nproc`, `as`, `cpu` and so on (setrlimit(2)).
 *
 * @example
 * const limits: Partial<Record<Resource, number>> = { nofile: 256, cpu: 60 };
 */
export type Resource = keyof typeof resources;

/**
 * What the methods of a token that start programs take beside the options of node:child_process.
 *
 * @example
 * const options: ProgramOptions = { tree: true, limits: { nproc: 64, cpu: { soft: 60, hard: 90 } } };
 */
export interface ProgramOptions {
  /**
   * Whether a signal reaches all that the program has started, too: its process group (Linux), its job (Windows). Off by
   * default.
   */
  tree?: boolean;
  /** Whether programs that the program starts may leave its job (Windows; has no effect on Linux). Off by default. */
  breakaway?: boolean;
  /** Whether the user's profile is loaded for as long as the program runs (Windows; has no effect on Linux). */
  profile?: boolean;
  /**
   * The window station and the desktop of the program, such as `winsta0\default` (Windows). Those of the user's logon
   * session by default, not the service's.
   */
  desktop?: string;
  /**
   * Whether the program, and all that it starts, can gain no rights by set-user-ID programs such as sudo (Linux,
   * PR_SET_NO_NEW_PRIVS). On by default for a token from which groups or
   * privileges have been removed.
   */
  noNewPrivileges?: boolean;
  /** Limits of resources (Linux, setrlimit): a number is both limits, and `Infinity` is none. */
  limits?: Partial<Record<Resource, number | { soft?: number; hard?: number }>>;
  /**
   * The PAM service, a file in /etc/pam.d, in whose session the program runs (Linux). None by default. The session is
   * closed when the program has ended, also after the end of this process.
   */
  session?: string;
  /**
   * The user's Kerberos tickets for the program, so that curl, ssh, psql or smbclient authenticate as the user (Linux; a
   * program of a Windows token has the credentials of its logon session). `true`: what the user has forwarded. `Tickets`:
   * those for named services. They are in a file of the user's that KRB5CCNAME names, and that is removed when the program
   * has ended, at the latest with this thread. None by default.
   */
  credentials?: boolean | Tickets;
}

/** The options of a program that are not node's, with their values checked. */
export type OwnOptions = Pick<
  NativeProgramOptions,
  'tree' | 'breakaway' | 'profile' | 'desktop' | 'noNewPrivileges' | 'limits' | 'session'
> & { readonly credentials: number | undefined };

function unavailable(name: string, system: string): ImpersonationError {
  return new ImpersonationError(
    `options.${name} is available on ${system} only`,
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}

function flagOf(options: ProgramOptions, name: 'tree' | 'breakaway' | 'profile'): boolean {
  const { [name]: value = false } = options;
  validateBoolean(value, `options.${name}`);
  return value;
}

function desktopOf({ desktop = '' }: ProgramOptions): string {
  if (typeof desktop !== 'string') throw wrongType('options.desktop', 'of type string', desktop);
  if (desktop.includes('\0')) throw wrongValue('options.desktop', 'must not contain null bytes');
  if (desktop !== '' && native.port !== 'win32') throw unavailable('desktop', 'Windows');
  return desktop;
}

function limitOf(value: unknown, argument: string): number {
  if (typeof value !== 'number') throw wrongType(argument, 'of type number', value);
  if (value === Infinity) return -1;
  if (!Number.isSafeInteger(value) || value < 0)
    throw wrongValue(argument, 'must be a whole number from 0 up, or Infinity');
  return value;
}

function limitsOf({ limits }: ProgramOptions): NativeLimit[] {
  if (limits === undefined) return [];
  const given: unknown = limits;
  if (typeof given !== 'object' || given === null || Array.isArray(given) || types.isPromise(given))
    throw wrongType('options.limits', 'of type object', given);
  const all = Object.entries(given).filter(([, value]) => value !== undefined) as [string, unknown][];
  const checked = all.map(([name, value]): NativeLimit => {
    const argument = `options.limits.${name}`;
    if (!Object.hasOwn(resources, name))
      throw wrongValue(argument, `is not known: there is ${Object.keys(resources).join(', ')}`);
    const pair = typeof value === 'object' && value !== null ? value : { soft: value, hard: value };
    const { soft, hard = soft } = pair as { soft?: unknown; hard?: unknown };
    const limit = limitOf(hard, `${argument}.hard`);
    const least = limitOf(soft ?? hard, `${argument}.soft`);
    if (limit !== -1 && (least === -1 || least > limit))
      throw wrongValue(`${argument}.soft`, 'must not be above the hard limit');
    return [resources[name as Resource], least, limit];
  });
  if (checked.length > 0 && native.port !== 'linux') throw unavailable('limits', 'Linux');
  return checked;
}

/** Returns undefined for the default, which the native side knows. */
function noNewPrivilegesOf({ noNewPrivileges }: ProgramOptions): boolean | undefined {
  if (noNewPrivileges === undefined) return undefined;
  validateBoolean(noNewPrivileges, 'options.noNewPrivileges');
  if (noNewPrivileges && native.port !== 'linux') throw unavailable('noNewPrivileges', 'Linux');
  return noNewPrivileges;
}

function sessionOf({ session }: ProgramOptions, hasEnvironment: boolean): OwnOptions['session'] {
  if (session === undefined) return undefined;
  validateService(session, 'options.session');
  if (native.port !== 'linux') throw unavailable('session', 'Linux');
  return toNativeSession(session, hasEnvironment);
}

/**
 * Returns the values of the options that are not node's. Throws for wrong ones. `hasEnvironment` is whether the caller has
 * given `env`.
 */
export function toOwnOptions(options: ProgramOptions, hasEnvironment: boolean): OwnOptions {
  return {
    tree: flagOf(options, 'tree'),
    breakaway: flagOf(options, 'breakaway'),
    profile: flagOf(options, 'profile'),
    desktop: desktopOf(options),
    noNewPrivileges: noNewPrivilegesOf(options),
    limits: limitsOf(options),
    session: sessionOf(options, hasEnvironment),
    credentials: toCredentials(options),
  };
}
