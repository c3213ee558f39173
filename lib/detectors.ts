import { createHook } from 'node:async_hooks';
import { promiseHooks } from 'node:v8';
import { native } from './binding';
import { stackOf } from './call-sites';
import { reportLeak } from './leak';
import { abandonAll, openScopes, type OpenScope } from './open-scopes';
import { endOfJob } from './opened-at';

/** Scopes that an uncaught exception cut short, until the job that it ended is over. */
let cutShort: OpenScope[] = [];

/**
 * A promise made with a parent is a function that suspends itself to wait for that parent, before it gives control
 * back to its caller; or the result of a call of then() or the like, which only leaves work for later.
 */
function onPromise(_promise: Promise<unknown>, parent: Promise<unknown> | undefined): void {
  if (parent === undefined || openScopes.length === 0) return;
  // With hooks of others there is a function of node's between, which calls them all.
  const caller = stackOf(onPromise).find((site) => site.getFileName() !== 'node:internal/promise_hooks');
  const isCall = caller !== undefined && caller.getFileName() == null && caller.getTypeName() === 'Promise';
  if (!isCall) reportLeak('across an await', { at: onPromise });
}

/** A callback is about to run: with nothing of the program under it on the stack, all earlier ones have ended. */
function beforeCallback(): void {
  if (openScopes.length === 0) return;
  const isNested = stackOf(beforeCallback).some(
    (site) => site.isEval() || !/^(node:|$)/.test(site.getFileName() ?? ''),
  );
  if (!isNested) reportLeak('when its callback had ended');
}

const callbackHook = createHook({ before: beforeCallback });
/** Set from the first scope of a job to the end of the job, which is as long as the hooks are on. */
let stopWatching: (() => void) | undefined;

function checkJob(): void {
  stopWatching?.();
  const scopes = cutShort;
  cutShort = [];
  if (scopes.length !== 0) reportLeak('after an uncaught exception', { scopes });
  if (openScopes.length !== 0) reportLeak('when its callback had ended');
}

/** Sees to it that the scope about to be opened is found if it is suspended or outlives its job. */
export function watchScope(): void {
  if (stopWatching) return;
  const stopPromiseHook = promiseHooks.onInit(onPromise) as () => void;
  callbackHook.enable();
  stopWatching = () => {
    stopWatching = undefined;
    endOfJob();
    stopPromiseHook();
    callbackHook.disable();
  };
  // Whichever queue is emptied first.
  process.nextTick(checkJob);
  queueMicrotask(checkJob);
}

/** Leaves the scopes that an exception nobody has caught left open; they are reported when its handlers have run. */
export function cutScopesShort(): void {
  native.leaveAll();
  // Another exception of the same job does not make the first one's scopes forgotten.
  cutShort.push(...abandonAll());
}
