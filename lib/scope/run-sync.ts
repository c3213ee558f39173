import type { TokenId } from '../../types/native';
import type { ScopeMessage } from '../diagnostics/messages';
import { isRunSyncObserved, publishEnter, publishRefused, publishRevert } from '../diagnostics/scopes';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { validateSyncFunction } from '../internal/validate';
import { currentTokenId, enterSync, isScopeOfFlow, noteFlow, scopeDepth } from './state';

/** Names written out, since every result that is an object is asked. */
interface Later {
  then?: unknown;
  next?: unknown;
  return?: unknown;
  throw?: unknown;
}

/**
 * Whether steps of work are still to come of it: a generator, async generator or iterator helper, also one that a
 * compiler or a proxy has made. Iterators of arrays, maps and sets have nothing to clean up, and no such method.
 */
const isGenerator = (value: Later): boolean =>
  'next' in value &&
  typeof value.next === 'function' &&
  (typeof value.return === 'function' || typeof value.throw === 'function');

const isObject = (value: unknown): value is Later =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/**
 * Passes the result of a synchronous scope on, unless it is a promise, a generator or the like: the work behind it
 * goes on after the scope has ended, and not as the user. A promise's rejection is taken care of.
 */
export function refuseAsyncResult<R>(result: R): R {
  if (!isObject(result)) return result;
  if ('then' in result && typeof result.then === 'function') {
    Promise.resolve(result as unknown).catch(() => {});
    throw new ImpersonationError(
      'The callback of a synchronous scope returned a promise: what is still to come of it does not run as the user',
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

/** Passes the result of a flow on, unless it is a generator: its steps run in the flow of whoever asks for them. */
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
    if (!scope.entered) publishRefused('runSync', id, error);
    throw error;
  } finally {
    publishRevert(scope);
  }
}

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
