import { type Identity, currentIdentity, hasIdentity, requireIdentity } from '../flow/identity';
import { recordOpening } from '../flow/open-handles';
import { startJob } from '../fs/job';
import { codeOf } from '../fs/error';
import { nextTick, nodeMajor, originals } from '../fs/node-fs';
import { nodeArgumentError, nodeCallbackError } from '../fs/node-internals/argument-errors';
import { operations, promised } from '../fs/operations';
import { InvalidArguments, toId, toInt32, toMode, toSeconds } from '../fs/parse';
import { promiseOf } from '../internal/error';
import { enterSync, isInnermostHeld } from '../scope/state';
import { forImpersonatingThread } from './sync-functions';
import { type AnyFunction, type Router, withPropertiesOf, notRoutedError } from './router';
import { writing } from './write-file';

type Change = (identity: Identity, fd: number, ...args: unknown[]) => Promise<void>;

// Larger than any descriptor, so node's functions check the arguments and then fail with EBADF.
const noDescriptor = 0x7fff_ffff;

/** The calls that the system decides by the caller's identity, not by how the descriptor was opened. */
const changes: Readonly<Record<string, Change>> = {
  fchmod: (identity, fd, mode) => startJob(identity, 'fchmod', fd, toMode(mode)),
  fchown: (identity, fd, uid, gid) => startJob(identity, 'fchown', fd, toId(uid), toId(gid)),
  futimes: (identity, fd, atime, mtime) =>
    startJob(identity, 'futime', fd, toSeconds(atime), toSeconds(mtime)),
};

const arities: Readonly<Record<string, number>> = { fchmod: 2, fchown: 3, futimes: 3 };

function descriptorOperation(
  name: string,
  change: Change,
): (identity: Identity, ...args: unknown[]) => Promise<void> {
  return (identity, given, ...args) => {
    let fd = given;
    try {
      const valid = toInt32(given, 0);
      fd = noDescriptor;
      return change(identity, valid, ...args);
    } catch (error) {
      throw error instanceof InvalidArguments
        ? nodeArgumentError(name, 0, arities[name] ?? 0, [fd, ...args])
        : error;
    }
  };
}

/** fchmod(), fchown() and futimes() as an identity. Invalid arguments throw at once. */
export const descriptorOperations: Readonly<
  Record<string, (identity: Identity, ...args: unknown[]) => Promise<void>>
> = Object.fromEntries(
  Object.entries(changes).map(([name, change]) => [name, descriptorOperation(name, change)]),
);

type Done = (...args: unknown[]) => void;
type Operation = (identity: Identity, ...args: unknown[]) => Promise<unknown>;

const named: Readonly<Record<string, Operation | undefined>> = {
  ...operations,
  ...descriptorOperations,
  appendFile: writing('appendFile', 'a'),
  writeFile: writing('writeFile', 'w'),
  readFile: operations.readFileAtOnce,
  readdir: operations.readdirInOrder,
  realpath: operations.realpathByLinks,
  'realpath.native': operations.realpath,
  truncate(identity, path, length = 0) {
    // The promise opens the file before it looks at the length.
    if (!Number.isSafeInteger(length)) throw nodeArgumentError('truncate', 1, 2, [path, length]);
    return operations.truncate(identity, path, length);
  },
  open(identity, ...args) {
    const opened = recordOpening(identity, args[0]);
    return operations.openDescriptor(identity, ...args).then((fd) => {
      opened?.(fd);
      return fd;
    });
  },
};

/** Functions that accept a descriptor in place of the path. It is open already, so the call needs no identity. */
const withDescriptors = new Set(['appendFile', 'readFile', 'truncate', 'writeFile']);

/** The position of the callback of functions that prefer it to a function in the place of the options. */
const callbackAt: Readonly<Record<string, number>> = { appendFile: 3, readFile: 2, writeFile: 3 };

/** Returns the arguments before the callback, and the callback. Throws node's error if there is no callback. */
export function splitCallback(name: string, args: readonly unknown[], required: number): [unknown[], Done] {
  const last = args[callbackAt[name] ?? args.length] ? callbackAt[name] : undefined;
  const at = args.findIndex((arg, index) => index >= (last ?? required) && typeof arg === 'function');
  if (at < 0) throw nodeCallbackError(name.replace('.native', ''), args);
  return [args.slice(0, at), args[at] as Done];
}

/**
 * Calls the callback in a tick of its own, so that an exception in it is an uncaught exception, as with node's
 * functions.
 */
export function callBack(done: Done, result: Promise<unknown>): void {
  result.then(
    (value) => nextTick(done, ...(value === undefined ? [null] : [null, value])),
    (error: unknown) => nextTick(done, error),
  );
}

/** Routes a function whose callback is at argument `required` or later. */
export const callback =
  (required: number): Router =>
  (name, original) =>
    withPropertiesOf(original, function (...args) {
      const identity = currentIdentity();
      if (!identity || (withDescriptors.has(name) && typeof args[0] === 'number')) {
        return Reflect.apply(original, this, args);
      }
      const operation = named[name];
      if (!operation) throw notRoutedError(name);
      const [given, done] = splitCallback(name, args, required);
      callBack(done, operation(identity, ...given));
      return undefined;
    });

/** Routes exists(), whose callback gets a boolean and no error. */
export const exists: Router = (name, original) =>
  withPropertiesOf(original, function (...args) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, args);
    const [given, done] = splitCallback(name, args, 1);
    const report = (found: boolean): void => nextTick(done, found);
    try {
      operations.access(identity, given[0]).then(
        () => report(true),
        () => report(false),
      );
    } catch {
      report(false);
    }
    return undefined;
  });

/** Routes realpath() and realpathSync() together with their `native` variants. */
export const withNative =
  (route: Router): Router =>
  (name, original, called) => {
    type WithNative = AnyFunction & { native: AnyFunction };
    const { native } = original as WithNative;
    return Object.assign(route(name, original, called), {
      native: route(`${name}.native`, native, (called as WithNative).native),
    });
  };

/**
 * Returns what node's glob() finds as the identity. glob() may use unrouted functions of node:fs, because it takes them
 * when it is loaded. Only the synchronous form runs entirely on a thread that impersonates the user.
 */
function globAs(identity: Identity, args: unknown[]): unknown[] {
  const { globSync } = originals as unknown as { globSync: AnyFunction };
  return enterSync(identity.tokenRef.id, forImpersonatingThread('globSync', globSync), ...args) as unknown[];
}

const argumentCodes = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE'];

/** Like `globAs`. Since version 24 node throws for invalid arguments; before, the callback gets every error. */
function searchAs(identity: Identity, args: unknown[]): Promise<unknown[]> {
  try {
    return Promise.resolve(globAs(identity, args));
  } catch (error) {
    if (nodeMajor >= 24 && argumentCodes.includes(codeOf(error) ?? '')) throw error;
    return Promise.resolve().then(() => {
      throw error;
    });
  }
}

/** Routes fs.glob(). The thread is blocked until the search is complete. */
export const glob: Router = (name, original) =>
  withPropertiesOf(original, function (...args) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, args);
    const [given, done] = splitCallback(name, args, 1);
    callBack(done, searchAs(identity, given));
    return undefined;
  });

// eslint-disable-next-line @typescript-eslint/require-await -- an iterator of promises, as node's is
async function* paths(identity: Identity, args: unknown[]): AsyncGenerator<unknown, void> {
  yield* globAs(identity, args);
}

/** Routes fs.promises.glob(). The thread is blocked at the first step until the search is complete. */
export const globPromise: Router = (_name, original) =>
  withPropertiesOf(original, function (...args) {
    const identity = currentIdentity();
    return identity ? paths(identity, args) : Reflect.apply(original, this, args);
  });

const promises: Readonly<Record<string, Operation | undefined>> = promised;

type Method = (this: unknown, ...args: unknown[]) => Promise<unknown>;

/**
 * Routes a function of node:fs/promises. The work is started as the user before the function returns. It is an async
 * function with node's name, which V8 lists in the stacks of rejections.
 */
export const promise: Router = (name, original) => {
  const start = (args: unknown[]): Promise<unknown> => {
    const operation = promises[name];
    if (!operation) throw notRoutedError(`promises.${name}`);
    return operation(requireIdentity(), ...args);
  };
  const { [name]: named } = {
    async [name](...args: unknown[]) {
      return await start(args);
    },
  } as Record<string, Method>;
  return withPropertiesOf(original, function (...args) {
    if (!hasIdentity()) return Reflect.apply(original, this, args);
    // An await in a scope that no native frame ends would be the caller's.
    if (named && isInnermostHeld()) return Reflect.apply(named, this, args);
    return promiseOf(() => start(args));
  });
};
