import { statSync } from 'node:fs';
import { native } from '../internal/binding';
import { validateArray, validateOptions, wrongValue } from '../internal/validate';
import { forgetProcessPrincipal } from './principal';
import { forgetProcessToken } from './token';

const impersonate = ['SeImpersonatePrivilege'];
const switchUsers = ['CAP_SETGID', 'CAP_SETUID'];
/** PAM writes to the audit log, and its modules fail if root may not. */
const byAccount = [...switchUsers, 'CAP_AUDIT_WRITE'];

/** What each use needs: privileges on Windows, capabilities on Linux. */
const needs = {
  scopes: { win32: impersonate, linux: switchUsers },
  logon: { win32: impersonate, linux: byAccount },
  s4u: { win32: [...impersonate, 'SeTcbPrivilege'], linux: byAccount },
  linked: { win32: [...impersonate, 'SeTcbPrivilege'], linux: [] },
  peers: { win32: impersonate, linux: switchUsers },
  iis: { win32: impersonate, linux: [] },
  'negotiate-accept': { win32: impersonate, linux: switchUsers },
  processes: {
    win32: [...impersonate, 'SeAssignPrimaryTokenPrivilege', 'SeIncreaseQuotaPrivilege'],
    linux: switchUsers,
  },
  profiles: { win32: ['SeBackupPrivilege', 'SeRestorePrivilege'], linux: [] },
} as const satisfies Record<string, Record<'win32' | 'linux', readonly string[]>>;

/**
 * A use of the package that `dropPrivileges` can keep the rights for. `scopes`: acting as users, in scopes, flows, workers
 * and file system calls; `logon`: `Token.logon()`; `s4u`: `Token.forUser()` and `runAs()` by name; `linked`:
 * `token.linked()`; `peers`: clients of pipes and unix sockets; `iis`: `Token.fromIisRequest()`; `negotiate-accept`:
 * `NegotiateServer`; `processes`: `token.spawn()` and the like; `profiles`: `token.loadProfile()`.
 *
 * @example
 * const uses: PrivilegedUse[] = ['scopes', 's4u'];
 */
export type PrivilegedUse = keyof typeof needs;

/**
 * What `dropPrivileges` keeps.
 *
 * @example
 * const options: DropPrivilegesOptions = { keep: ['scopes', 'negotiate-accept'] };
 */
export interface DropPrivilegesOptions {
  /** The uses that the process keeps the rights for. An empty list keeps none. */
  keep: readonly PrivilegedUse[];
}

const names = Object.keys(needs) as PrivilegedUse[];

/** Whether root needs a capability to read who has expired: on some distributions the file has the mode 0000. */
function isShadowClosed(): boolean {
  try {
    return (statSync('/etc/shadow').mode & 0o400) === 0;
  } catch {
    return false;
  }
}

function privilegesFor(keep: readonly PrivilegedUse[], port: 'win32' | 'linux'): string[] {
  const needed = new Set<string>(keep.flatMap((use) => needs[use][port]));
  // Every user has it, and without it a path needs access to each folder above.
  if (port === 'win32') needed.add('SeChangeNotifyPrivilege');
  if (needed.has('CAP_AUDIT_WRITE') && isShadowClosed()) needed.add('CAP_DAC_READ_SEARCH');
  return [...needed];
}

function isUse(value: unknown): value is PrivilegedUse {
  return (names as unknown[]).includes(value);
}

/**
 * Gives up every privilege (Windows) or capability (Linux) of the process that the named uses of this package do not need,
 * on every thread and for good. On Windows it removes them from the process's token (AdjustTokenPrivileges); on Linux from
 * the permitted, effective, inheritable, ambient and bounding sets of each thread (capset, PR_CAPBSET_DROP). Then it reads
 * them back: of the token, and of each thread in /proc. Call it at start-up, before tokens are made: on Windows no token may
 * be open, and on Linux no thread may act as a user. Threads, workers and programs that start later have no more. Call it
 * once: on Linux a second call that keeps less fails.
 *
 * A failure leaves the process as it was. If only a part of the threads could be changed, or what is left cannot be shown,
 * the process aborts.
 *
 * @param options - What to keep.
 * @returns The names of the privileges or capabilities that the process still holds: at most those that the uses need.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`; nothing is changed then.
 * @throws ImpersonationError `ERR_SCOPE_ACTIVE`; `EPERM` on Linux if the bounding set is to be reduced and the process has
 * no CAP_SETPCAP; `ERR_IMPERSONATION_DOWNGRADED`, `ERR_UNSUPPORTED_PLATFORM`, or the system's error.
 * @example
 * const kept = dropPrivileges({ keep: ['scopes', 'peers'] });
 * console.log(kept); // On Linux [ 'CAP_SETGID', 'CAP_SETUID' ]
 */
export function dropPrivileges(options: DropPrivilegesOptions): readonly string[] {
  validateOptions(options, 'options', ['keep']);
  validateArray(options.keep, 'options.keep');
  const keep = Array.from(options.keep, (use: unknown, index) => {
    if (isUse(use)) return use;
    throw wrongValue(`options.keep[${String(index)}]`, `must be one of ${names.join(', ')}`);
  });
  forgetProcessToken();
  native.dropPrivileges(privilegesFor(keep, native.port === 'win32' ? 'win32' : 'linux'));
  forgetProcessPrincipal();
  return native.describeProcess().privileges.map(({ name }) => name);
}
