import { enterSync } from '../scope/conflict';
import { originals } from '../fs/node-fs';
import { currentIdentity, type Identity } from '../flow/identity';
import { callBack, splitCallback } from './callback';
import { onUsersThread } from './guarded';
import { like, type AnyFunction, type Router } from './router';

/**
 * What node's glob() finds as the identity. It looks around with functions that it has taken from node:fs at a time
 * that nobody knows, so only the synchronous form, on a thread that is the user's, is sure to see as the user.
 */
function found(identity: Identity, args: unknown[]): unknown[] {
  const { globSync } = originals as unknown as { globSync: AnyFunction };
  return enterSync(identity.lease.id, onUsersThread('globSync', globSync), ...args) as unknown[];
}

/** For fs.glob(). The thread waits until everything has been found. */
export const glob: Router = (_name, original) =>
  like(original, function (...args) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, args);
    const [given, done] = splitCallback(args, 1);
    callBack(done, Promise.resolve(found(identity, given)));
    return undefined;
  });

// eslint-disable-next-line @typescript-eslint/require-await -- an iterator of promises, as node's is
async function* paths(identity: Identity, args: unknown[]): AsyncGenerator<unknown, void> {
  yield* found(identity, args);
}

/** For fs.promises.glob(). The thread waits at the first step until everything has been found. */
export const globPromise: Router = (_name, original) =>
  like(original, function (...args) {
    const identity = currentIdentity();
    return identity ? paths(identity, args) : Reflect.apply(original, this, args);
  });
