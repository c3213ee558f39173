import { enterSync, requireNoConflict } from '../scope/conflict';
import { observeSync } from '../diagnostics/fs';
import { currentFlow, type Flow } from '../internal/flow-store';
import { close as closeDescriptor, closeSync as closeDescriptorSync, isKept } from '../fs/descriptors';
import { noteClosed, noteOpening } from '../flow/open-handles';
import { currentTokenId } from '../scope/state';
import { onUsersThread } from './guarded';
import { like, type AnyFunction, type Router } from './router';

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
    enterSync(flow.lease.id, Reflect.apply<unknown, unknown[], unknown>, original, receiver, args),
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
