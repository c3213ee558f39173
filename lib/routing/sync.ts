import { observeSync } from '../diagnostics/fs';
import { currentIdentity } from '../flow/identity';
import { recordClose, recordOpening } from '../flow/open-handles';
import { close as closeDescriptor, closeSync as closeDescriptorSync, isTracked } from '../fs/descriptors';
import { nodeArgumentError, pathCount } from '../fs/node-internals/argument-errors';
import { opendirSync } from '../fs/operations';
import { type Flow, currentFlow } from '../internal/flow-store';
import { currentTokenId, enterSync, requireNoConflict } from '../scope/state';
import { forImpersonatingThread } from './sync-functions';
import { type AnyFunction, type Router, withPropertiesOf, notRoutedError } from './router';

/** Calls node's function on this thread under the flow's token, within one native frame. */
function callAsFlow(
  flow: Flow,
  name: string,
  original: AnyFunction,
  receiver: unknown,
  args: unknown[],
): unknown {
  const count = pathCount(name);
  const given = { path: count > 0 ? args[0] : undefined, dest: count > 1 ? args[1] : undefined };
  return observeSync(name, flow, given, () =>
    enterSync(flow.tokenRef.id, Reflect.apply<unknown, unknown[], unknown>, original, receiver, args),
  );
}

/** Returns the flow to impersonate for the call; undefined in a scope, where the thread impersonates already. */
function flowToRoute(): Flow | undefined {
  if (currentTokenId() === 0) return currentFlow();
  requireNoConflict();
  return undefined;
}

/** Functions that call functions of the caller. */
const callers = new Set(['cpSync', 'globSync']);

/** Routes a synchronous function. In a flow, this thread impersonates the flow's user during the call. */
export const sync: Router = (name, original, called) => {
  const asUser = forImpersonatingThread(name, original);
  return withPropertiesOf(original, function (...args) {
    const flow = flowToRoute();
    if (!flow && currentTokenId() === 0) return Reflect.apply(original, this, args);
    try {
      if (flow) return callAsFlow(flow, name, asUser, this, args);
      return Reflect.apply(asUser, this, args);
    } catch (error) {
      // The stack has ten frames, which are the caller's. The error of a function of the caller has its own.
      if (error instanceof Error && 'syscall' in error && !callers.has(name))
        Error.captureStackTrace(error, called);
      throw error;
    }
  });
};

/** Routes openSync(), so that the descriptor is reported if the flow leaves it open. */
export const openSync: Router = (name, original, called) => {
  const routed = sync(name, original, called);
  return withPropertiesOf(original, function (...args) {
    const flow = flowToRoute();
    const opened = flow && recordOpening(flow, args[0]);
    const fd = Reflect.apply(routed, this, args) as number;
    opened?.(fd);
    return fd;
  });
};

/** Routes close() and closeSync(), so that open handles and tracked descriptors are updated. */
export const close: Router = (name, original) => {
  const trackedClose = (name === 'close' ? closeDescriptor : closeDescriptorSync) as AnyFunction;
  return withPropertiesOf(original, function (...args) {
    recordClose(args[0] as number);
    return Reflect.apply(isTracked(args[0]) ? trackedClose : original, this, args);
  });
};

/** Routes opendirSync(). The Dir that it returns reads the directory as the same user later. */
export const directory: Router = (_name, original) =>
  withPropertiesOf(original, function (...args) {
    const identity = currentIdentity();
    return identity ? opendirSync(identity, args[0], args[1]) : Reflect.apply(original, this, args);
  });

/** Routes mkdtempDisposableSync(). The object that it returns removes the directory as the same user later. */
export const disposable: Router = (name, original) => {
  const make = forImpersonatingThread(name, original);
  return withPropertiesOf(original, function (...args) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, args);
    const asUser = (call: AnyFunction, ...given: unknown[]): unknown =>
      enterSync(identity.tokenRef.id, call, ...given);
    const made = asUser(make, ...args) as Record<PropertyKey, AnyFunction>;
    for (const key of Reflect.ownKeys(made)) {
      const part: unknown = made[key];
      if (typeof part === 'function') made[key] = () => asUser(part as AnyFunction);
    }
    return made;
  });
};

/** Returns the error of a watcher with `recursive`: node's for what is no boolean. */
const recursionError = (name: string, recursive: unknown): unknown =>
  typeof recursive === 'boolean'
    ? notRoutedError(name, 'with { recursive: true }')
    : nodeArgumentError('readdir', 1, 2, ['', { recursive }]);

/**
 * Routes fs.watch(), which opens the watched path before it returns. With `recursive` it throws: node would open
 * subdirectories as the process, or report names in directories that the user may not list.
 */
export const watch: Router = (name, original, called) => {
  const routed = sync(name, original, called);
  return withPropertiesOf(original, function (...args) {
    const options = args[1] as { recursive?: unknown } | null | undefined;
    if (typeof options === 'object' && options?.recursive && currentIdentity()) {
      throw recursionError(name, options.recursive);
    }
    return Reflect.apply(routed, this, args);
  });
};

/**
 * Routes fs.promises.watch(), which opens the watched path at the first step of its iterator: as the user of the call,
 * whoever takes the step. With `recursive` the first step rejects.
 */
export const watchPromise: Router = (name, original) =>
  withPropertiesOf(original, function (path, given, ...rest) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, [path, given, ...rest]);
    // A copy, so that what is checked is what node reads.
    const options: unknown = typeof given === 'object' && given !== null ? { ...given } : given;
    const { recursive } = (options ?? {}) as { recursive?: unknown };
    const iterator = Reflect.apply(original, this, [path, options]) as AsyncIterator<unknown>;
    const next = iterator.next.bind(iterator);
    const open = forImpersonatingThread(name, () => next());
    iterator.next = async () => {
      iterator.next = next;
      try {
        if (recursive) throw recursionError(`promises.${name}`, recursive);
        return await (enterSync(identity.tokenRef.id, open, path) as ReturnType<typeof next>);
      } catch (error) {
        // Ends the iterator, which has opened nothing.
        await iterator.return?.();
        throw error;
      }
    };
    return iterator;
  });
