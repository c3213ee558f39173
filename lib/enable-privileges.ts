import { ImpersonationError } from './error';
import type { Impersonation } from './impersonation';

/**
 * Opens a scope in which the running code acts as whom it acts as already, with these privileges enabled:
 *
 *     using scope = enablePrivileges(['SeBackupPrivilege']);
 *
 * On a copy of the token, put on this thread only (AdjustTokenPrivileges): the process's own never changes. Throws
 * ERROR_NOT_ALL_ASSIGNED for a privilege that the token does not hold. Windows.
 */
export function enablePrivileges(_names: readonly string[]): Impersonation {
  throw new ImpersonationError('Not available', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
}
