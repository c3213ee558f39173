import type { TokenId } from '../types/native';
import { native } from './binding';
import { isRunSyncObserved, runSyncObserved } from './diagnostics/scopes';
import { refuseThenable } from './thenable';
import { validateSyncFunction } from './validate';

/** What `token.runSync()` does, for an open token. */
export function runSyncAs<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, args: A): R {
  validateSyncFunction(fn, 'fn');
  return refuseThenable(
    isRunSyncObserved() ? runSyncObserved(id, fn, args) : native.runSync(id, fn, ...args),
  );
}
