import { native } from './binding';
import { pinnedFlow, runInFlow } from './flow';
import { withoutScopes } from './open-scopes';

/**
 * Calls `fn` as the process and returns its result: with no flow's token, and with the thread out of its scopes until
 * `fn` returns. What `fn` leaves for later carries no token either.
 */
export function asProcess<R>(fn: () => R): R {
  return runInFlow(null, () => native.runAtBaseline(() => withoutScopes(fn)));
}

/**
 * Calls `fn` as what the thread is outside of its flows and scopes: the process, or the user of a thread that is one
 * user's for its whole life.
 */
export function asThread<R>(fn: () => R): R {
  const pinned = pinnedFlow();
  return asProcess(pinned ? () => runInFlow(pinned, () => native.runSync(pinned.lease.id, fn)) : fn);
}
