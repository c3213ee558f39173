import { type Identity, currentIdentity, hasIdentity, requireIdentity } from '../flow/identity';
import { noteOpening } from '../flow/open-handles';
import { startJob } from '../fs/job';
import { originals } from '../fs/node-fs';
import { refusal } from '../fs/node-internals/refusal';
import { operations, promised } from '../fs/operations';
import { InvalidArguments, toId, toInt32, toMode, toSeconds } from '../fs/parse';
import { enterSync } from '../scope/state';
import { onUsersThread } from './guarded';
import { type AnyFunction, type Router, like, notRouted } from './router';

type Change = (identity: Identity, fd: number, ...args: unknown[]) => Promise<void>;

// More than any process may open: node's functions refuse arguments before they come to it.
const noDescriptor = 0x7fff_ffff;

/** What the system allows by who asks, however the descriptor was opened. */
const changes: Readonly<Record<string, Change>> = {
  fchmod: (identity, fd, mode) => startJob(identity, 'fchmod', fd, toMode(mode)),
  fchown: (identity, fd, uid, gid) => startJob(identity, 'fchown', fd, toId(uid), toId(gid)),
  futimes: (identity, fd, atime, mtime) =>
    startJob(identity, 'futime', fd, toSeconds(atime), toSeconds(mtime)),
};

const arities: Readonly<Record<string, number>> = { fchmod: 2, fchown: 3, futimes: 3 };

function guarded(name: string, change: Change): (identity: Identity, ...args: unknown[]) => Promise<void> {
  return (identity, given, ...args) => {
    let fd = given;
    try {
      const valid = toInt32(given, 0);
      fd = noDescriptor;
      return change(identity, valid, ...args);
    } catch (error) {
      throw error instanceof InvalidArguments ? refusal(name, 0, arities[name] ?? 0, [fd, ...args]) : error;
    }
  };
}

/** fchmod(), fchown() and futimes() as an identity; invalid arguments are thrown at once. */
export const descriptorOperations: Readonly<
  Record<string, (identity: Identity, ...args: unknown[]) => Promise<void>>
> = Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, guarded(name, change)]));

type Done = (...args: unknown[]) => void;
type Operation = (identity: Identity, ...args: unknown[]) => Promise<unknown>;

const named: Readonly<Record<string, Operation | undefined>> = {
  ...operations,
  ...descriptorOperations,
  open(identity, ...args) {
    const opened = noteOpening(identity, args[0]);
    return operations.openDescriptor(identity, ...args).then((fd) => {
      opened?.(fd);
      return fd;
    });
  },
};

/** What may be given a descriptor for a path: it is open, so that nobody's rights are needed. */
const withDescriptors = new Set(['appendFile', 'readFile', 'truncate', 'writeFile']);

/** The arguments before the callback, and the callback; throws what node throws if there is none. */
export function splitCallback(args: readonly unknown[], required: number): [unknown[], Done] {
  const at = args.findIndex((arg, index) => index >= required && typeof arg === 'function');
  if (at < 0) originals.access('', undefined as never);
  return [args.slice(0, at), args[at] as Done];
}

/** Calls back in a tick of its own: what the callback throws is an uncaught exception, as it is node's. */
export function callBack(done: Done, result: Promise<unknown>): void {
  result.then(
    (value) => process.nextTick(done, ...(value === undefined ? [null] : [null, value])),
    (error: unknown) => process.nextTick(done, error),
  );
}

/** For a function with a callback, which is no earlier than argument `required`. */
export const callback =
  (required: number): Router =>
  (name, original) =>
    like(original, function (...args) {
      const identity = currentIdentity();
      if (!identity || (withDescriptors.has(name) && typeof args[0] === 'number')) {
        return Reflect.apply(original, this, args);
      }
      const operation = named[name];
      if (!operation) throw notRouted(name);
      const [given, done] = splitCallback(args, required);
      callBack(done, operation(identity, ...given));
      return undefined;
    });

/** For exists(), whose callback gets nothing but the answer. */
export const exists: Router = (_name, original) =>
  like(original, function (...args) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, args);
    const [given, done] = splitCallback(args, 1);
    const answer = (found: boolean): void => process.nextTick(done, found);
    try {
      operations.access(identity, given[0]).then(
        () => answer(true),
        () => answer(false),
      );
    } catch {
      answer(false);
    }
    return undefined;
  });

/** For realpath() and realpathSync(), which have a second form. */
export const withNative =
  (route: Router): Router =>
  (name, original) => {
    const { native } = original as AnyFunction & { native: AnyFunction };
    return Object.assign(route(name, original), { native: route(name, native) });
  };

/**
 * What node's glob() finds as the identity. It looks around with functions that it has taken from node:fs at a time
 * that nobody knows, so only the synchronous form, on a thread that is the user's, is sure to see as the user.
 */
function found(identity: Identity, args: unknown[]): unknown[] {
  const { globSync } = originals as unknown as { globSync: AnyFunction };
  return enterSync(identity.tokenRef.id, onUsersThread('globSync', globSync), ...args) as unknown[];
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

const promises: Readonly<Record<string, Operation | undefined>> = promised;

/** For a function that returns a promise: the work is started as the user before it returns. */
export const promise: Router = (name, original) =>
  like(original, function (...args) {
    if (!hasIdentity()) return Reflect.apply(original, this, args);
    return new Promise((resolve) => {
      const operation = promises[name];
      if (!operation) throw notRouted(`promises.${name}`);
      resolve(operation(requireIdentity(), ...args));
    });
  });
