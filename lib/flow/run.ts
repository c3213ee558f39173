import { publishTokenDenied } from '../diagnostics/scopes';
import { ImpersonationError } from '../internal/error';
import { beginFlow, type Flow } from '../internal/flow-store';
import { withHandlesWatched } from './open-handles';
import { currentTokenId } from '../scope/state';
import { refuseGenerator } from '../scope/run-sync';
import type { TokenRef } from '../internal/token-ref';
import { validateFunction } from '../internal/validate';

/** Throws ERR_TOKEN_LEVEL for a flow whose token only permits inspection. */
export function requireLevelForWork({
  token,
  tokenRef,
}: Pick<Flow, 'token'> & { readonly tokenRef: Pick<TokenRef, 'id'> }): void {
  if (token.permitsWork) return;
  const error = new ImpersonationError(
    `A token of level ${String(token.level)} permits inspection only. Token.forUser returns more to a process with SeTcbPrivilege, such as a service of LocalSystem; Token.logon returns more for a password`,
    'ERR_TOKEN_LEVEL',
  );
  publishTokenDenied('run', tokenRef.id, error);
  throw error;
}

/** Throws ERR_SCOPE_ACTIVE inside a synchronous scope. */
export function requireNoScope(): void {
  // Not the depth: in a suspended scope the thread has the process identity.
  if (currentTokenId() === 0) return;
  throw new ImpersonationError(
    'A flow cannot begin inside a synchronous scope: until its first await it would act as the scope',
    'ERR_SCOPE_ACTIVE',
  );
}

/** Calls `fn` in a new flow and returns its result. The caller makes the steps of a generator run in the flow. */
export function startFlow<R>(flow: Flow, fn: () => R): R {
  requireLevelForWork(flow);
  requireNoScope();
  return withHandlesWatched(flow, () => beginFlow(flow, fn));
}

/** Implements `token.run()`. */
export function runAsFlow<A extends unknown[], R>(flow: Flow, fn: (...args: A) => R, args: A): R {
  validateFunction(fn, 'fn');
  return refuseGenerator(startFlow(flow, () => fn(...args)));
}
