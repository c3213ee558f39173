import { native } from '../internal/binding';
import { requireNoConflict } from '../scope/state';
import { currentFlow } from '../internal/flow-store';
import type { Impersonation } from '../scope/impersonation';
import { internal } from '../internal/private';
import { Token } from './token';
import { validateArray, validateString, wrongValue } from '../internal/validate';

/**
 * Opens a scope in which the running code acts as whom it acts as already, with these privileges enabled:
 *
 *     using scope = enablePrivileges(['SeBackupPrivilege']);
 *
 * On a copy of the token, put on this thread only (AdjustTokenPrivileges): the process's own never changes. The copy
 * is the scope's alone and goes with it; `scope.token` is closed already. Throws ERROR_NOT_ALL_ASSIGNED for a privilege
 * that the token does not hold. Windows.
 */
export function enablePrivileges(names: readonly string[]): Impersonation {
  validateArray(names, 'names');
  if (names.length === 0) throw wrongValue('names', 'must name a privilege at least');
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
