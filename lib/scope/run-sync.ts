import type { TokenId } from '../../types/native';
import type { ScopeMessage } from '../diagnostics/messages';
import { isRunSyncObserved, publishEnter, publishTokenDenied, publishRevert } from '../diagnostics/scopes';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { validateSyncFunction } from '../internal/validate';
import { currentTokenId, enterSync, isScopeOfFlow, recordFlow, scopeDepth } from './state';

/** The properties that are read of every result that is an object. */
interface Later {
  then?: unknown;
  next?: unknown;
  return?: unknown;
  throw?: unknown;
}

/**
 * Returns whether the value is a generator, async generator or iterator helper, also one made by a compiler or a proxy:
 * its remaining steps would run later. Iterators of arrays, maps and sets have neither `return` nor `throw`.
 */
const isGenerator = (value: Later): boolean =>
  'next' in value &&
  typeof value.next === 'function' &&
  (typeof value.return === 'function' || typeof value.throw === 'function');

const isObject = (value: unknown): value is Later =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/**
 * Returns the result of a synchronous scope. Throws for a promise or a generator: its work continues after the scope has
 * ended, and not as the user. The rejection of such a promise is handled.
 */
export function refuseAsyncResult<R>(result: R): R {
  if (!isObject(result)) return result;
  if ('then' in result && typeof result.then === 'function') {
    Promise.resolve(result as unknown).catch(() => {});
    throw new ImpersonationError(
      'The callback of a synchronous scope returned a promise: the rest of its work would not run as the user. ' +
        'Use token.run() for asynchronous work',
      'ERR_ASYNC_RESULT',
    );
  }
  if (!isGenerator(result)) return result;
  throw new ImpersonationError(
    'The callback of a synchronous scope returned a generator: its steps would not run as the user. ' +
      'Iterate it inside the callback, and return what it yields',
    'ERR_ASYNC_RESULT',
  );
}

/** Returns the result of a flow. Throws for a generator: its steps run in the flow of the code that requests them. */
export function refuseGenerator<R>(result: R): R {
  if (!isObject(result) || !isGenerator(result)) return result;
  throw new ImpersonationError(
    'The callback of a flow returned a generator: its steps would not run in the flow. Iterate it inside the callback',
    'ERR_ASYNC_RESULT',
  );
}

/** `enterSync`, with its diagnostics. */
function runSyncObserved<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, args: A): R {
  const scope: { entered: boolean; message?: ScopeMessage | undefined } = { entered: false };
  try {
    return enterSync(id, () => {
      scope.entered = true;
      scope.message = publishEnter('runSync', id, scopeDepth());
      return fn(...args);
    });
  } catch (error) {
    if (!scope.entered) publishTokenDenied('runSync', id, error);
    throw error;
  } finally {
    publishRevert(scope);
  }
}

/** Implements `token.runSync()` for an open token. */
export function runSyncAs<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, args: A): R {
  validateSyncFunction(fn, 'fn');
  if (isRunSyncObserved()) return refuseAsyncResult(runSyncObserved(id, fn, args));
  // If the token is in effect already, the call has no scope of its own whose flow could be recorded.
  if (currentTokenId() === id && !isScopeOfFlow())
    return refuseAsyncResult(native.runAtBaseline(() => enterSync(id, fn, ...args)));
  recordFlow();
  // A spread of no arguments, the usual case, would take as long as a nested scope.
  return refuseAsyncResult(args.length === 0 ? native.runSync(id, fn) : native.runSync(id, fn, ...args));
}
