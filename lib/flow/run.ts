import { publishRefused } from '../diagnostics/scopes';
import { ImpersonationError } from '../internal/error';
import { runInFlow, type Flow } from '../internal/flow-store';
import { withHandlesWatched } from './open-handles';
import { currentTokenId } from '../scope/state';
import { refuseGenerator } from '../scope/run-sync';
import { validateFunction } from '../internal/validate';

function requireLevelForWork({ token, tokenRef }: Flow): void {
  if (token.permitsWork) return;
  const error = new ImpersonationError(
    `The token's level ${String(token.level)} lets it be looked at, not acted as. Token.forUser gives more to a process with SeTcbPrivilege, such as one of LocalSystem's; Token.logon gives more for a password`,
    'ERR_TOKEN_LEVEL',
  );
  publishRefused('run', tokenRef.id, error);
  throw error;
}

function requireNoScope(): void {
  // In what a scope puts aside the thread is the process.
  if (currentTokenId() === 0) return;
  throw new ImpersonationError(
    'A flow cannot begin inside a synchronous scope: until its first await it would act as the scope',
    'ERR_SCOPE_ACTIVE',
  );
}

/** What `token.run()` does. */
export function runAsFlow<A extends unknown[], R>(flow: Flow, fn: (...args: A) => R, args: A): R {
  validateFunction(fn, 'fn');
  requireLevelForWork(flow);
  requireNoScope();
  return refuseGenerator(withHandlesWatched(flow, () => runInFlow(flow, fn, ...args)));
}
