import hooks from 'node:async_hooks';
import { ImpersonationError } from './error';

const { AsyncLocalStorage, AsyncResource } = hooks;
/** The class of the promises that async functions return. */
const { constructor: NodePromise } = (async () => {})() as { constructor: unknown };
const methodNames = ['run', 'getStore', 'enterWith'];
const methodOf = (name: string): unknown => Reflect.get(AsyncLocalStorage.prototype, name);
const methods = methodNames.map(methodOf);

/** Returns whether the class, which may have been replaced before this module was loaded, keeps a store for bound code. */
function keepsStores(): boolean {
  try {
    const storage = new AsyncLocalStorage<string>();
    const read = storage.run('store', () => AsyncResource.bind(() => storage.getStore()));
    return read() === 'store' && storage.getStore() === undefined;
  } catch {
    return false;
  }
}

let isReal: boolean | undefined;

function replacedName(): string | undefined {
  // A subclass runs its handlers in node's queue, each in the flow that it was added in.
  if (Promise !== NodePromise && Promise.prototype.then !== (NodePromise as typeof Promise).prototype.then)
    return 'The global Promise';
  if (
    hooks.AsyncLocalStorage !== AsyncLocalStorage ||
    methodNames.some((name, index) => methodOf(name) !== methods[index]) ||
    !(isReal ??= keepsStores())
  )
    return 'AsyncLocalStorage of node:async_hooks';
  return undefined;
}

/**
 * Throws ERR_PROMISE_REPLACED if the program has replaced what flows are made of: promises of others run the handlers of
 * all users in one queue.
 */
export function requireOwnContext(): void {
  const name = replacedName();
  if (name === undefined) return;
  throw new ImpersonationError(
    `${name} has been replaced (by zone.js, a promise library or a mock), so that code would run in the flow of another user: leave the built-in class in its place, or act as the user in runSync() or in an ImpersonatedWorker`,
    'ERR_PROMISE_REPLACED',
  );
}
