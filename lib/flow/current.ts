import { asProcess } from '../internal/flow-store';
import { requireFlow } from './identity';
import { Impersonation } from '../scope/impersonation';
import { internal } from '../internal/private';
import { runSyncAs } from '../scope/run-sync';
import { validateFunction } from '../internal/validate';

/** `token.impersonate()` with the flow's token; throws ERR_NO_TOKEN outside of every flow. */
export function impersonate(): Impersonation {
  const { token, tokenRef } = requireFlow();
  return new Impersonation(internal, token.reopened(tokenRef), tokenRef.id);
}

/** `token.runSync(fn, ...args)` with the flow's token; throws ERR_NO_TOKEN outside of every flow. */
export function runSync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  return runSyncAs(requireFlow().tokenRef.id, fn, args);
}

/**
 * Calls `fn` with `args` as the process, and returns its result: for a step that is the service's own business. What
 * comes of it asynchronously carries no token either. A synchronous scope is put aside until `fn` returns.
 */
export function withoutToken<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  validateFunction(fn, 'fn');
  return asProcess(() => fn(...args));
}
