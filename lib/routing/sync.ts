import { observeSync } from '../diagnostics/fs';
import { currentIdentity } from '../flow/identity';
import { noteClosed, noteOpening } from '../flow/open-handles';
import { close as closeDescriptor, closeSync as closeDescriptorSync, isKept } from '../fs/descriptors';
import { opendirSync } from '../fs/operations';
import { type Flow, currentFlow } from '../internal/flow-store';
import { currentTokenId, enterSync, requireNoConflict } from '../scope/state';
import { onUsersThread } from './guarded';
import { type AnyFunction, type Router, like, notRouted } from './router';

/** How many of the first arguments are paths; one for most. */
const pathCounts: Readonly<Record<string, 0 | 2>> = {
  ...{ copyFileSync: 2, cpSync: 2, linkSync: 2, renameSync: 2, symlinkSync: 2 },
  ...{ fchmodSync: 0, fchownSync: 0, futimesSync: 0 },
};

/** Calls node's function on this thread as the flow's user, within one native frame. */
function asFlow(
  flow: Flow,
  name: string,
  original: AnyFunction,
  receiver: unknown,
  args: unknown[],
): unknown {
  const count = pathCounts[name] ?? 1;
  const given = { path: count > 0 ? args[0] : undefined, dest: count > 1 ? args[1] : undefined };
  return observeSync(name, flow, given, () =>
    enterSync(flow.tokenRef.id, Reflect.apply<unknown, unknown[], unknown>, original, receiver, args),
  );
}

/** In a scope the thread is the user's already. */
function flowToRoute(): Flow | undefined {
  if (currentTokenId() === 0) return currentFlow();
  requireNoConflict();
  return undefined;
}

/** For a synchronous function: it looks at the path on this thread, which is the user's meanwhile. */
export const sync: Router = (name, original) => {
  const asUser = onUsersThread(name, original);
  return like(original, function (...args) {
    const flow = flowToRoute();
    if (flow) return asFlow(flow, name, asUser, this, args);
    return Reflect.apply(currentTokenId() === 0 ? original : asUser, this, args);
  });
};

export const openSync: Router = (name, original) => {
  const routed = sync(name, original);
  return like(original, function (...args) {
    const flow = flowToRoute();
    const opened = flow && noteOpening(flow, args[0]);
    const fd = Reflect.apply(routed, this, args) as number;
    opened?.(fd);
    return fd;
  });
};

/** For close() and closeSync(), of which the list of open handles must know. */
export const close: Router = (name, original) => {
  const closing = (name === 'close' ? closeDescriptor : closeDescriptorSync) as AnyFunction;
  return like(original, function (...args) {
    noteClosed(args[0] as number);
    return Reflect.apply(isKept(args[0]) ? closing : original, this, args);
  });
};

/** For opendirSync(), whose result reads the folder later on: as the same user. */
export const directory: Router = (_name, original) =>
  like(original, function (...args) {
    const identity = currentIdentity();
    return identity ? opendirSync(identity, args[0], args[1]) : Reflect.apply(original, this, args);
  });

/** For mkdtempDisposableSync(), whose result removes the folder later on: as the same user. */
export const disposable: Router = (name, original) => {
  const make = onUsersThread(name, original);
  return like(original, function (...args) {
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

/**
 * For fs.watch(), which opens what it watches before it returns. A recursive watch goes on into folders as the
 * process, or tells of some that the user may not list.
 */
export const watch: Router = (name, original) => {
  const routed = sync(name, original);
  return like(original, function (...args) {
    const options = args[1] as { recursive?: unknown } | null | undefined;
    if (typeof options === 'object' && options?.recursive && currentIdentity()) {
      throw notRouted(name, 'only without { recursive: true }');
    }
    return Reflect.apply(routed, this, args);
  });
};
