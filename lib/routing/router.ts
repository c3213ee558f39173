import { currentIdentity } from '../flow/identity';
import { refusalOf } from './gate';
import { ImpersonationError } from '../internal/error';

export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Returns the function or class that acts in place of one of node's. `called` is the function that programs call. */
export type Router = (name: string, original: AnyFunction, called: AnyFunction) => AnyFunction;

/**
 * Gives `replacement` the name, length and other properties of `original`, for code that reads them, such as
 * util.promisify(). Returns `replacement`.
 */
export function withPropertiesOf(original: AnyFunction, replacement: AnyFunction): AnyFunction {
  return Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
}

/** Returns the error of a function that cannot act as the user. `owner` is what programs write before its name. */
export function notRoutedError(name: string, reason = '', owner = 'fs.'): ImpersonationError {
  return new ImpersonationError(
    `${owner}${name}() cannot act as the user${reason && ` (${reason})`}: to act as the process, call it in withoutToken()`,
    'ERR_NOT_ROUTED',
  );
}

/** Exports of node:fs that are left as they are: they use an open descriptor or no path. */
export const untouched: readonly string[] = [
  ...['read', 'readSync', 'readv', 'readvSync', 'write', 'writeSync', 'writev', 'writevSync'],
  ...['fdatasync', 'fdatasyncSync', 'fstat', 'fstatSync', 'fsync', 'fsyncSync', 'ftruncate', 'ftruncateSync'],
  ...['Dir', 'Dirent', 'Stats', 'F_OK', 'R_OK', 'W_OK', 'X_OK', 'constants', 'promises'],
  ...['unwatchFile', '_toUnixTimestamp'],
  // They construct one of the stream classes.
  ...['createReadStream', 'createWriteStream'],
];

/** Leaves a function as it is, because it uses an open descriptor or no path at all. */
export const unrouted: Router = (_name, original) => original;

/**
 * Returns a router like `notRoutable` whose error has the reason, and what to use instead. Node's function is called, and
 * throws its own error, with arguments that are not `valid`. No arguments are a question whether it can be called.
 */
export function notRoutableBecause(
  reason: string,
  valid: (...args: unknown[]) => boolean = () => true,
): Router {
  return (name, original) =>
    withPropertiesOf(original, function (...args) {
      if (currentIdentity() && (args.length === 0 || valid(...args))) throw notRoutedError(name, reason);
      return Reflect.apply(original, this, args);
    });
}

/**
 * Makes a function throw ERR_NOT_ROUTED in a flow or scope, because node does its work later or on threads that
 * cannot impersonate.
 */
export const notRoutable: Router = notRoutableBecause('');

/** Like `notRoutable`, for a class. */
export const notRoutableClass: Router = (name, original) => {
  const requireUnsealed = (args: unknown[]): void => {
    const refusal = refusalOf(`fs.${name}`, args, replacement);
    if (refusal) throw refusal;
  };
  const replacement: AnyFunction = new Proxy(original, {
    apply(target, receiver: unknown, args) {
      if (currentIdentity()) throw notRoutedError(name);
      requireUnsealed(args);
      return Reflect.apply(target, receiver, args);
    },
    construct(target, args, newTarget) {
      if (currentIdentity()) throw notRoutedError(name);
      requireUnsealed(args);
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  return replacement;
};

/**
 * Replaces `object[name]` by a function that passes the original, the receiver and the arguments to `call`. Does nothing
 * if it is not a function. It may be an accessor, as mocking tools make it.
 */
export function replaceMethod(
  object: object,
  name: string | symbol,
  call: (original: AnyFunction, receiver: unknown, args: unknown[]) => unknown,
): void {
  const original: unknown = Reflect.get(object, name);
  if (typeof original !== 'function') return;
  const { configurable = true, enumerable = true } = Object.getOwnPropertyDescriptor(object, name) ?? {};
  Object.defineProperty(object, name, {
    ...(configurable && { configurable, enumerable, writable: true }),
    value: new Proxy(original as AnyFunction, {
      apply: (target, receiver: unknown, args) => call(target, receiver, args),
    }),
  });
}

/** Makes `object[name]` call `check` with the arguments first. If `check` throws, the method is not called. */
export function guardMethod(object: object, name: string, check: (...args: unknown[]) => void): void {
  replaceMethod(object, name, (original, receiver, args) => {
    check(...args);
    return Reflect.apply(original, receiver, args);
  });
}
