import { native } from './binding';
import { enterSync } from '../scope/conflict';
import { outsideFlow, pinnedFlow, runInFlow } from './flow-store';
import { scopeDepth } from '../scope/state';

/**
 * Calls `fn` as the process and returns its result: with no flow's token, and with the thread out of its scopes until
 * `fn` returns. What `fn` leaves for later carries no token either.
 */
export function asProcess<R>(fn: () => R): R {
  return runInFlow(null, () => native.runAtBaseline(fn));
}

/**
 * Calls `fn` as whoever this thread is outside of every flow and scope, and returns its result: the process, but in an
 * ImpersonatedWorker its user.
 */
export function asThread<R>(fn: () => R): R {
  const pinned = pinnedFlow();
  if (!pinned) return asProcess(fn);
  return outsideFlow(() => (scopeDepth() === 0 ? fn() : enterSync(pinned.lease.id, fn)));
}
