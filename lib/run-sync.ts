import type { TokenId } from '../types/native';
import { native } from './binding';
import { isRunSyncObserved, runSyncObserved } from './diagnostics/scopes';
import { refuseThenable } from './thenable';
import { validateSyncFunction } from './validate';

/** What `token.runSync()` does, for an open token. */
export function runSyncAs<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, args: A): R {
  validateSyncFunction(fn, 'fn');
  if (isRunSyncObserved()) return refuseThenable(runSyncObserved(id, fn, args));
  // To spread nothing takes as long as a nested scope.
  return refuseThenable(args.length === 0 ? native.runSync(id, fn) : native.runSync(id, fn, ...args));
}
