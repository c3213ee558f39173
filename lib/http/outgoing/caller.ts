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
  /** Calls `fn`, code of the caller, in its asynchronous context with its identity, and returns its result. */
  inContext<R>(fn: () => R): R;
}

/** Returns the running code as a caller. Throws ERR_IDENTITY_CONFLICT. */
export function currentCaller(): Caller {
  const token = Token.current();
  const identity = currentIdentity();
  const inContext = AsyncLocalStorage.snapshot() as Caller['inContext'];
  if (!identity) return { key: 'process', asIdentity: asProcess, inContext };
  const key = `user ${token.poolKey}`;
  const flow = currentFlow();
  if (flow === identity) return { key, asIdentity: (fn) => runInFlow(flow, fn), inContext };
  // A scope, which ends before the request does: what follows is in a flow of its user.
  const own = newFlow(token, identity.tokenRef);
  return {
    key,
    asIdentity: (fn) => runInFlow(own, fn),
    inContext: (fn) => asProcess(() => inContext(() => runInFlow(own, fn))),
  };
}
