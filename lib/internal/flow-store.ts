import { AsyncLocalStorage } from 'node:async_hooks';
import type { Token } from '../token/token';
import { requireOwnContext } from './async-context';
import { native } from './binding';
import type { TokenRef } from './token-ref';

/** The identity that an async flow carries. */
export interface Flow {
  readonly token: Token;
  /** Keeps the token open for as long as anything can resume the flow, whether or not `token` is closed. */
  readonly tokenRef: TokenRef;
  /** The number of the flow on this thread, from 1. */
  readonly number: number;
}

/** Null where a flow has reverted to the process identity; undefined outside of every flow. */
export type Store = Flow | null | undefined;

const flows = new AsyncLocalStorage<Store>();
/** The flow of code outside of every flow, on a thread that is pinned to one token. */
let threadFlow: Flow | undefined;

let begun = 0;

function makeFlow(token: Token, tokenRef: TokenRef): Flow {
  begun += 1;
  return { token, tokenRef, number: begun };
}

/** Returns a new flow. Throws ERR_PROMISE_REPLACED. */
export function newFlow(token: Token, tokenRef: TokenRef): Flow {
  requireOwnContext();
  return makeFlow(token, tokenRef);
}

/** Returns the flow of the running code; undefined with the process identity. */
export function currentFlow(): Flow | undefined {
  const flow = flows.getStore();
  return flow === undefined ? threadFlow : (flow ?? undefined);
}

/**
 * Calls `fn` with `args` in a flow, with the process identity for null, or outside of every flow for undefined, and
 * returns its result.
 */
export function runInFlow<A extends unknown[], R>(flow: Store, fn: (...args: A) => R, ...args: A): R {
  return flows.run(flow, fn, ...args);
}

/** Returns the flow that the running code is in, other than the thread's; undefined if it has reverted to the process. */
export function begunFlow(): Flow | undefined {
  // Saves scopes the look-up on a thread without flows.
  return begun === 0 ? undefined : (flows.getStore() ?? undefined);
}

/** Returns what decides the identity of the running code, for `runInFlow`. */
export const currentStore = (): Store => flows.getStore();

/** The flow of a request that a server handles. */
export interface RequestFlow {
  flow: Store;
}

/** Weak, since what is made while a request is handled, such as a pooled connection, must not keep its token open. */
const requests = new AsyncLocalStorage<WeakRef<RequestFlow>>();

/** Calls `fn`, which handles the request, and returns its result. */
export function inRequest<R>(request: RequestFlow, fn: () => R): R {
  return requests.run(new WeakRef(request), fn);
}

/** Returns the request whose handling the running code belongs to. */
export const currentRequest = (): RequestFlow | undefined => requests.getStore()?.deref();

/** Begins a flow: calls `fn` in it and returns its result. Outside of other flows it becomes that of the request. */
export function beginFlow<R>(flow: Flow, fn: () => R): R {
  const request = flows.getStore() === undefined ? currentRequest() : undefined;
  if (request) request.flow = flow;
  return flows.run(flow, fn);
}

/** Middleware of this package that handles requests in the flow of their user. */
const authenticating = new WeakSet<object>();

/** Records that the middleware authenticates requests, and returns it. */
export function markAuthenticating<M extends object>(middleware: M): M {
  authenticating.add(middleware);
  return middleware;
}

/** Returns whether this package has made the middleware, and it authenticates requests. */
export const isAuthenticating = (middleware: object): boolean => authenticating.has(middleware);

/** Returns whether a flow, or the reverting of one, decides the identity of the running code, and not the thread. */
export function isInFlow(): boolean {
  return flows.getStore() !== undefined;
}

/** Calls `fn` outside of every flow, and returns its result. */
export function outsideFlow<R>(fn: () => R): R {
  return flows.run(undefined, fn);
}

/** Makes the flow of a thread that is pinned to one token: all code there is in it, whatever it has replaced. */
export function setThreadFlow(token: Token, tokenRef: TokenRef): void {
  threadFlow = makeFlow(token, tokenRef);
}

/** Returns the flow of a pinned thread; undefined on others. */
export const pinnedFlow = (): Flow | undefined => threadFlow;

/** Returns whether this thread is pinned to one token. */
export const isThreadPinned = (): boolean => threadFlow !== undefined;

/**
 * Calls `fn` with the process identity and returns its result: in no flow, and with the thread's scopes suspended until
 * `fn` returns. Asynchronous work that `fn` starts has the process identity too.
 */
export function asProcess<R>(fn: () => R): R {
  return runInFlow(null, () => native.runAtBaseline(fn));
}
