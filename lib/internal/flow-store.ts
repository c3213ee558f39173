import { AsyncLocalStorage } from 'node:async_hooks';
import type { Token } from '../token/token';
import { native } from './binding';
import type { TokenRef } from './token-ref';

/** What an async flow carries: who it acts as. */
export interface Flow {
  readonly token: Token;
  /** Keeps the token open for as long as anything can resume the flow, whether or not `token` is closed. */
  readonly tokenRef: TokenRef;
  /** Which flow of this thread it is, from 1 on. */
  readonly number: number;
}

/** Null in a flow that has gone back to the process. */
const flows = new AsyncLocalStorage<Flow | null | undefined>();
/** What code outside of every flow carries on this thread. */
let threadFlow: Flow | undefined;

let begun = 0;

export function newFlow(token: Token, tokenRef: TokenRef): Flow {
  begun += 1;
  return { token, tokenRef, number: begun };
}

/** Of the running code; undefined where it acts as the process. */
export function currentFlow(): Flow | undefined {
  const flow = flows.getStore();
  return flow === undefined ? threadFlow : (flow ?? undefined);
}

/** Calls `fn` with `args` in that flow, or as the process with null, and returns its result. */
export function runInFlow<A extends unknown[], R>(flow: Flow | null, fn: (...args: A) => R, ...args: A): R {
  return flows.run(flow, fn, ...args);
}

/** The flow of the running code, if one has begun in which it is: not the thread's, nor one that went back to the process. */
export function begunFlow(): Flow | undefined {
  // Spares scopes the question on a thread that knows no flows.
  return begun === 0 ? undefined : (flows.getStore() ?? undefined);
}

/** Whether anything decides who the running code acts as but the thread: a flow, or having left one. */
export function isInFlow(): boolean {
  return flows.getStore() !== undefined;
}

/** Calls `fn` outside of every flow, and returns its result. */
export function outsideFlow<R>(fn: () => R): R {
  return flows.run(undefined, fn);
}

/** For a thread that acts as one token for its whole life. */
export function setThreadFlow(flow: Flow): void {
  threadFlow = flow;
}

/** Of a thread that acts as one token for its whole life; undefined on every other. */
export const pinnedFlow = (): Flow | undefined => threadFlow;

/** Whether this thread acts as one token for its whole life. */
export const isThreadPinned = (): boolean => threadFlow !== undefined;

/**
 * Calls `fn` as the process and returns its result: with no flow's token, and with the thread out of its scopes until
 * `fn` returns. What `fn` leaves for later carries no token either.
 */
export function asProcess<R>(fn: () => R): R {
  return runInFlow(null, () => native.runAtBaseline(fn));
}
