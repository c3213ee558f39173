import { asProcess } from '../internal/flow-store';
import { requireFlow } from './identity';
import { Impersonation } from '../scope/impersonation';
import { internal } from '../internal/private';
import { runSyncAs } from '../scope/run-sync';
import { validateFunction } from '../internal/validate';

/**
 * Opens a scope with the token of the flow, as `token.impersonate()` does.
 *
 * @returns The open scope, for `using`.
 * @throws ImpersonationError `ERR_NO_TOKEN` outside of every flow, `ERR_IDENTITY_CONFLICT`, or the system's error.
 * @example
 * await token.run(() => {
 *   using scope = impersonate();
 *   return fs.readFileSync('/srv/files/report.txt', 'utf8');
 * });
 */
export function impersonate(): Impersonation {
  const { token, tokenRef } = requireFlow();
  return new Impersonation(internal, token.reopened(tokenRef), tokenRef.id);
}

/**
 * Calls `fn` with `args` in a scope with the token of the flow, as `token.runSync()` does, and returns its result.
 *
 * @param fn - A synchronous function.
 * @param args - Its arguments.
 * @returns What `fn` returns.
 * @throws ImpersonationError `ERR_NO_TOKEN` outside of every flow, `ERR_IDENTITY_CONFLICT`, and what `token.runSync()`
 * throws.
 * @example
 * const names = await token.run(() => runSync(() => fs.readdirSync('/srv/files')));
 */
export function runSync<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  return runSyncAs(requireFlow().tokenRef.id, fn, args);
}

/**
 * Calls `fn` with `args` with the process identity and returns its result: for a step of the service's own, such as
 * writing a log. Asynchronous work that `fn` starts has the process identity too. A synchronous scope is suspended until
 * `fn` returns (the thread's baseline is restored within one native frame).
 *
 * @param fn - A function, async or not.
 * @param args - Its arguments.
 * @returns What `fn` returns.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`.
 * @example
 * await token.run(async () => {
 *   const text = await fs.promises.readFile('/srv/files/report.txt', 'utf8');
 *   withoutToken(() => fs.appendFileSync('/var/log/service/audit.log', `${text.length} bytes\n`));
 * });
 */
export function withoutToken<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): R {
  validateFunction(fn, 'fn');
  return asProcess(() => fn(...args));
}
