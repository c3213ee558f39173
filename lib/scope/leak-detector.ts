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
import { openScopes } from './open-scopes';
import { endOfJob } from './open-scopes';
import { isInnermostHeld, scopeDepth } from './state';

const ended = 'when its callback had ended';

/**
 * A promise made with a parent is a function that suspends itself to wait for that parent, before it gives control
 * back to its caller; or the result of a call of then() or the like, which only leaves work for later. What suspends
 * itself in a callback of runSync is not what opened a scope around that.
 */
function onPromise(_promise: Promise<unknown>, parent: Promise<unknown> | undefined): void {
  if (parent === undefined || isInnermostHeld()) return;
  const sites = stackOf(onPromise);
  // With hooks of others there is a function of node's between, which calls them all.
  const caller = sites[0] && sourceHashOf(sites[0]) === relayHash ? sites[1] : sites[0];
  const isCall =
    caller !== undefined && fileOf(caller) === '' && !isEvaluated(caller) && typeOf(caller) === 'Promise';
  if (!isCall) reportLeak('across an await', onPromise);
}

/** The source of node's function that calls several promise hooks. */
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

/** Whether nothing of the program is under the call of `below` on the stack. A name can only make this say so wrongly. */
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

/** A callback is about to run, or has run: with nothing of the program under it on the stack, all earlier ones have ended. */
function aroundCallback(): void {
  if (!isInnermostHeld() && isOnlyNodeBelow(aroundCallback)) reportLeak(ended);
}

/**
 * A promise is settled by a call of a function of the language, or by the end of the async function that it belongs to,
 * or by its next `yield`. Node has no hook for what goes on after an `await` that began before these hooks: where nothing
 * of the program is under such a function, its end is the end of the callback.
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
/** Set from the first scope of a job to the end of the job, which is as long as the hooks are on. */
let stopWatching: (() => void) | undefined;

function checkJob(): void {
  // No queue is emptied inside a scope, not even inside one that has been put aside.
  if (scopeDepth() !== 0) reportLeak(ended);
  openScopes.length = 0;
  stopWatching?.();
}

/** Sees to it that the scope about to be opened is found if it is suspended or outlives its job. */
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
  // Whichever queue is emptied first.
  process.nextTick(checkJob);
  queueMicrotask(checkJob);
}

/** Node has no hooks for a microtask that was queued while none were on: the next one would run in what it leaves open. */
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
  /** Called with every uncaught exception and unhandled rejection, before all handlers, listeners and domains. */
  _fatalException: FatalException;
  /** Runs what waits in the queues of ticks and microtasks. Deprecated, and called by packages such as deasync. */
  _tickCallback?: () => void;
}

/** Nothing of the program handles an exception that left a scope open, nor runs in a scope what waits in the queues. */
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
      'The queues of ticks and promises cannot be emptied inside a synchronous scope: callbacks of others would run in it',
      'ERR_SCOPE_ACTIVE',
    );
  };
}
