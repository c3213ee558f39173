import { promiseHooks } from 'node:v8';
import { native } from './binding';
import { reportLeak } from './leak';
import { abandonAll, openScopes, type OpenScope } from './open-scopes';

let watching = false;
let armed = false;
/** Scopes that an uncaught exception cut short, until the job that it ended is over. */
let cutShort: OpenScope[] = [];

/**
 * Whether the promise now being made belongs to a function that suspends itself, rather than to a call of
 * then() and its kin, which only leave work for later.
 */
function isSuspension(): boolean {
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace');
  const holder: { stack?: unknown } = {};
  try {
    Error.prepareStackTrace = (_error, sites) => sites;
    Error.captureStackTrace(holder, onPromise);
    const [caller] = holder.stack as NodeJS.CallSite[];
    return !caller || caller.getFileName() != null || caller.getTypeName() !== 'Promise';
  } finally {
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  }
}

/** An await makes a promise whose parent is what it waits for, before it gives control back to its caller. */
function onPromise(_promise: Promise<unknown>, parent: Promise<unknown> | undefined): void {
  if (parent !== undefined && openScopes.length !== 0 && isSuspension()) {
    reportLeak('across an await');
  }
}

function checkJob(): void {
  armed = false;
  const scopes = cutShort;
  cutShort = [];
  if (scopes.length !== 0) reportLeak('after an uncaught exception', scopes);
  if (openScopes.length !== 0) reportLeak('when its callback had ended');
}

/** Sees to it that the scope about to be opened is found if it outlives its job. */
export function watchScope(): void {
  if (!watching) {
    watching = true;
    // For good: taking the hook away and putting it back costs more with each scope than keeping it does
    // with each await.
    promiseHooks.onInit(onPromise);
  }
  if (armed) return;
  armed = true;
  // Whichever queue is emptied first.
  process.nextTick(checkJob);
  queueMicrotask(checkJob);
}

/** Handlers of the process's last moments run as the process. */
export function installExitGuards(): void {
  process.prependListener('exit', () => {
    native.leaveAll();
    abandonAll();
  });
  process.prependListener('uncaughtExceptionMonitor', () => {
    native.leaveAll();
    cutShort = abandonAll();
  });
}
