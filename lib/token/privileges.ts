import { native } from '../internal/binding';
import { requireNoConflict } from '../scope/state';
import { currentFlow } from '../internal/flow-store';
import type { Impersonation } from '../scope/impersonation';
import { internal } from '../internal/private';
import { Token } from './token';
import { validateArray, validateString, wrongValue } from '../internal/validate';

/**
 * Opens a scope that keeps the effective identity and enables privileges of its token. It acts on a copy of the token on
 * this thread (DuplicateTokenEx, AdjustTokenPrivileges, SetThreadToken); the process's token does not change. The scope
 * owns the copy: `scope.token` is closed. Windows.
 *
 * @param names - Win32 privileges that the token holds, such as `SeBackupPrivilege`; at least one.
 * @returns The open scope, for `using`.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError `ERROR_NOT_ALL_ASSIGNED` for a privilege that the token does not hold,
 * `ERR_IDENTITY_CONFLICT`, `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on Linux, or the system's error.
 * @example
 * using scope = enablePrivileges(['SeBackupPrivilege']);
 * fs.readFileSync('/srv/files/report.txt');
 */
export function enablePrivileges(names: readonly string[]): Impersonation {
  validateArray(names, 'names');
  if (names.length === 0) throw wrongValue('names', 'must name at least one privilege');
  const copy = names.map((name, index) => {
    validateString(name, `names[${index}]`);
    return name;
  });
  requireNoConflict();
  const token = new Token(internal, native.privilegedToken(currentFlow()?.tokenRef.id ?? 0, copy));
  try {
    return token.impersonate();
  } finally {
    token.close();
  }
}
