import type { TokenId } from '../types/native';
import { native } from './binding';
import { isScopeOfFlow, noteFlow } from './conflict';
import { isRunSyncObserved, runSyncObserved } from './diagnostics/scopes';
import { reportLeak } from './leak';
import { currentTokenId, isInnermostHeld, scopeDepth } from './scope-state';
import { refuseAsyncResult } from './thenable';
import { validateSyncFunction } from './validate';

/**
 * `native.runSync` where the thread acts as the token already, in a callback of runSync: there is nothing to be set,
 * and the scope around this one sees to it that the identity comes off.
 */
function callInScope<A extends unknown[], R>(fn: (...args: A) => R, args: A): R {
  const depth = scopeDepth();
  try {
    return fn(...args);
  } finally {
    if (scopeDepth() !== depth) reportLeak('when the callback of the enclosing scope had ended');
  }
}

/** What `token.runSync()` does, for an open token. */
export function runSyncAs<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, args: A): R {
  validateSyncFunction(fn, 'fn');
  if (isRunSyncObserved()) return refuseAsyncResult(runSyncObserved(id, fn, args));
  if (currentTokenId() === id && isInnermostHeld() && isScopeOfFlow()) {
    return refuseAsyncResult(callInScope(fn, args));
  }
  noteFlow();
  return refuseAsyncResult(native.runSync(id, fn, ...args));
}
