import { native } from './binding';
import { runInFlow } from './flow';

/**
 * Calls `fn` as the process and returns its result: with no flow's token, and with the thread out of its scopes until
 * `fn` returns. What `fn` leaves for later carries no token either.
 */
export function asProcess<R>(fn: () => R): R {
  return runInFlow(null, () => native.runAtBaseline(fn));
}
