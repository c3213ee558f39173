import { AsyncLocalStorage } from 'node:async_hooks';
import { currentIdentity } from '../../flow/identity';
import { asProcess, currentFlow, newFlow, runInFlow } from '../../internal/flow-store';
import { Token } from '../../token/token';

/** The code that makes a request, and its effective identity at that time. It keeps the token open. */
export interface Caller {
  /** Equal only for callers that may share a connection. */
  readonly key: string;
  /** Calls `fn` with the caller's identity, and returns its result. */
  asIdentity<R>(fn: () => R): R;
  /** Calls `fn` in the caller's asynchronous context, and returns its result. */
  inContext<R>(fn: () => R): R;
}

/** Returns the running code as a caller. Throws ERR_IDENTITY_CONFLICT. */
export function currentCaller(): Caller {
  const token = Token.current();
  const identity = currentIdentity();
  const inContext = AsyncLocalStorage.snapshot() as Caller['inContext'];
  if (!identity) return { key: 'process', asIdentity: asProcess, inContext };
  const flow = currentFlow();
  // A scope ends before the request does.
  const own = flow === identity ? flow : newFlow(token, identity.tokenRef);
  return { key: `user ${token.poolKey}`, asIdentity: (fn) => runInFlow(own, fn), inContext };
}
