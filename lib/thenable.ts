import { ImpersonationError } from './error';

/**
 * Passes the result of a synchronous scope on, unless it is a promise or the like: the work behind it goes on
 * after the scope has ended, and not as the user. Its rejection is taken care of.
 */
export function refuseThenable<R>(result: R): R {
  if ((typeof result !== 'object' || result === null) && typeof result !== 'function') return result;
  if (!('then' in result) || typeof result.then !== 'function') return result;
  Promise.resolve(result as unknown).catch(() => {});
  throw new ImpersonationError(
    'The callback of a synchronous scope returned a promise: what is still to come of it does not run as the user',
    'ERR_ASYNC_RESULT',
  );
}
