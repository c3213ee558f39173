import { native } from '../binding';
import { observeSync } from '../diagnostics/fs';
import { currentFlow, type Flow } from '../flow';
import { closeDescriptor } from '../fs/descriptor';
import { noteOpening } from '../open-handles';
import { currentTokenId } from '../scope-state';
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
    native.runSync(flow.lease.id, Reflect.apply<unknown, unknown[], unknown>, original, receiver, args),
  );
}

/** In a scope the thread is the user's already. */
const flowToRoute = (): Flow | undefined => (currentTokenId() === 0 ? currentFlow() : undefined);

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

/** For close() and closeSync(), whether or not what they close was opened in a flow. */
export const close: Router = (_name, original) =>
  like(original, function (...args) {
    return closeDescriptor(args[0] as number, () => Reflect.apply(original, this, args));
  });
