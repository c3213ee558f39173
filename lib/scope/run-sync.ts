import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { enterSync, isScopeOfFlow, noteFlow } from './conflict';
import { isRunSyncObserved, runSyncObserved } from '../diagnostics/scopes';
import { currentTokenId } from './state';
import { refuseAsyncResult } from './thenable';
import { validateSyncFunction } from '../internal/validate';

/** What `token.runSync()` does, for an open token. */
export function runSyncAs<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, args: A): R {
  validateSyncFunction(fn, 'fn');
  if (isRunSyncObserved()) return refuseAsyncResult(runSyncObserved(id, fn, args));
  // With the token in effect already there is no frame of its own, and so none to note the flow of.
  if (currentTokenId() === id && !isScopeOfFlow())
    return refuseAsyncResult(native.runAtBaseline(() => enterSync(id, fn, ...args)));
  noteFlow();
  // Without arguments, as is usual, there is nothing to be spread, which takes as long as a nested scope.
  return refuseAsyncResult(args.length === 0 ? native.runSync(id, fn) : native.runSync(id, fn, ...args));
}
