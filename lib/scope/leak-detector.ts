import { createHook } from 'node:async_hooks';
import { promiseHooks } from 'node:v8';
import { native } from '../internal/binding';
import {
  fileOf,
  isAsync,
  isEvaluated,
  isNamedLikeNode,
  sourceHashOf,
  stackOf,
  typeOf,
} from '../internal/call-sites';
import { ImpersonationError } from '../internal/error';
import { reportLeak } from './leak-report';
import { endOfJob, openScopes } from './open-scopes';
import { isInnermostHeld, scopeDepth } from './state';

const ended = 'when its callback had ended';

/**
 * A promise that is made with a parent belongs to a function that is about to suspend at an `await` of that parent, or it
 * is the result of then() or the like, which only schedules work. A function that suspends in a callback of runSync has
 * not opened the scopes around that callback.
 */
function onPromise(_promise: Promise<unknown>, parent: Promise<unknown> | undefined): void {
  if (parent === undefined || isInnermostHeld()) return;
  const sites = stackOf(onPromise);
  // If others have hooks too, a function of node's that calls all of them is in between.
  const caller = sites[0] && sourceHashOf(sites[0]) === relayHash ? sites[1] : sites[0];
  const isCall =
    caller !== undefined && fileOf(caller) === '' && !isEvaluated(caller) && typeOf(caller) === 'Promise';
  if (!isCall) reportLeak('across an await', onPromise);
}

/** The hash of the source of node's function that calls several promise hooks. */
const relayHash = ((): unknown => {
  let hash: unknown;
  const stops = [
    promiseHooks.onInit(function learn() {
      const [site] = stackOf(learn);
      if (site && fileOf(site) === 'node:internal/promise_hooks') hash = sourceHashOf(site);
    }),
    promiseHooks.onInit(() => {}),
  ] as (() => void)[];
  void new Promise(() => {});
  for (const stop of stops) stop();
  return hash ?? 'none';
})();

/** Returns whether only node's frames are above the call of `below`. A misleading name of a script can only cause a false yes. */
function isOnlyNodeBelow(below: (...args: never[]) => unknown): boolean {
  const sites = stackOf(below);
  // Not by an iterator, which the program may have replaced, nor past the end.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < sites.length; i++) {
    const site = sites[i];
    if (site && (isEvaluated(site) || !isNamedLikeNode(site))) return false;
  }
  return true;
}

/** Before and after a callback: if only node's frames are on the stack, every earlier callback has ended. */
function aroundCallback(): void {
  if (!isInnermostHeld() && isOnlyNodeBelow(aroundCallback)) reportLeak(ended);
}

/**
 * A builtin function settles a promise, or the end of the promise's async function does, or its next `yield`. Node has no
 * hook for the continuation of an `await` that began before these hooks were on: if only node's frames are on the stack,
 * the end of such a function is the end of the callback.
 */
function onSettled(): void {
  if (isInnermostHeld()) return;
  const sites = stackOf(onSettled);
  const first = sites[0] && sourceHashOf(sites[0]) === relayHash ? 1 : 0;
  const caller = sites[first];
  if (!caller || (fileOf(caller) === '' && !isEvaluated(caller))) return;
  for (let i = first + 1; i < sites.length; i++) {
    const site = sites[i];
    if (site && !isAsync(site) && (isEvaluated(site) || !isNamedLikeNode(site))) return;
  }
  reportLeak(ended, onSettled);
}

const callbackHook = createHook({ before: aroundCallback, after: aroundCallback });
/** Set while the hooks are on: from the first scope of a job to the end of the job. */
let stopWatching: (() => void) | undefined;

function checkJob(): void {
  // No queue is drained inside a scope, not even inside a suspended one.
  if (scopeDepth() !== 0) reportLeak(ended);
  openScopes.length = 0;
  stopWatching?.();
}

/** Turns the hooks on, so that the scope about to be opened is found if it is suspended or outlives its job. */
export function watchScope(): void {
  if (stopWatching) return;
  const stopPromiseHook = promiseHooks.onInit(onPromise) as () => void;
  const stopSettledHook = promiseHooks.onSettled(onSettled) as () => void;
  callbackHook.enable();
  stopWatching = () => {
    stopWatching = undefined;
    endOfJob();
    stopPromiseHook();
    stopSettledHook();
    callbackHook.disable();
  };
  // Both queues, as either may be drained first.
  process.nextTick(checkJob);
  queueMicrotask(checkJob);
}

/** Node calls no hook for a microtask that was queued before the hooks were on: the next one would run in its open scope. */
export function guardMicrotasks(): void {
  globalThis.queueMicrotask = new Proxy(globalThis.queueMicrotask, {
    apply(queue, receiver: unknown, args: Parameters<typeof queueMicrotask>) {
      const [callback] = args;
      const checked = (): void => {
        callback();
        if (scopeDepth() !== 0) reportLeak(ended);
      };
      Reflect.apply(queue, receiver, typeof callback === 'function' ? [checked] : args);
    },
  });
}

type FatalException = (error: unknown, fromPromise: boolean) => boolean;
interface ProcessInternals {
  /** Is called with every uncaught exception and unhandled rejection, before all handlers, listeners and domains. */
  _fatalException: FatalException;
  /** Drains the queues of ticks and microtasks. Deprecated; packages such as deasync call it. */
  _tickCallback?: () => void;
}

/** Ends the process before an exception that left a scope open is handled, and refuses to drain the queues in a scope. */
export function installExitGuards(): void {
  const internals = process as unknown as ProcessInternals;
  const { _fatalException: handle, _tickCallback: runQueues } = internals;
  internals._fatalException = function (...args) {
    if (!isInnermostHeld()) reportLeak('when an exception was not caught');
    const call = (): boolean => Reflect.apply<ProcessInternals, typeof args, boolean>(handle, this, args);
    return scopeDepth() === 0 ? call() : native.runAtBaseline(call);
  };
  if (!runQueues) return;
  internals._tickCallback = function () {
    if (scopeDepth() === 0) {
      Reflect.apply(runQueues, this, []);
      return;
    }
    throw new ImpersonationError(
      'The queues of ticks and promises cannot be drained inside a synchronous scope: unrelated callbacks would run in it',
      'ERR_SCOPE_ACTIVE',
    );
  };
}
