import { ImpersonationError } from '../internal/error';

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
