import { currentIdentity } from '../flow/identity';
import { ImpersonationError } from '../internal/error';

export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** What takes the place of one of node's functions or classes. */
export type Router = (name: string, original: AnyFunction) => AnyFunction;

/**
 * `replacement` with the name, length and other properties that `original` has, so that what looks at them, as
 * util.promisify() does, finds no difference.
 */
export function like(original: AnyFunction, replacement: AnyFunction): AnyFunction {
  return Object.defineProperties(replacement, Object.getOwnPropertyDescriptors(original));
}

export function notRouted(name: string, instead = ''): ImpersonationError {
  return new ImpersonationError(
    `fs.${name}() cannot be done as the user, and would be done as the process${instead && `: ${instead}`}`,
    'ERR_FS_NOT_ROUTED',
  );
}

/** For what needs nobody's rights: it works on a descriptor that is open already, or on nothing at all. */
export const untouched: Router = (_name, original) => original;

/** For what node does later on, or on threads of its own, where nobody can be put: ERR_FS_NOT_ROUTED. */
export const refused: Router = (name, original) =>
  like(original, function (...args) {
    if (currentIdentity()) throw notRouted(name);
    return Reflect.apply(original, this, args);
  });

/** The same for a class. */
export const refusedClass: Router = (name, original) =>
  new Proxy(original, {
    apply(target, receiver: unknown, args) {
      if (currentIdentity()) throw notRouted(name);
      return Reflect.apply(target, receiver, args);
    },
    construct(target, args, newTarget) {
      if (currentIdentity()) throw notRouted(name);
      return Reflect.construct(target, args, newTarget) as object;
    },
  });

/** Has `call` make every call of `object[name]`, which it is given with the receiver and the arguments. */
export function replaceMethod(
  object: object,
  name: string,
  call: (original: AnyFunction, receiver: unknown, args: unknown[]) => unknown,
): void {
  const original = Reflect.get(object, name) as AnyFunction;
  Object.defineProperty(object, name, {
    ...{ writable: true, enumerable: true, configurable: true },
    ...Object.getOwnPropertyDescriptor(object, name),
    value: new Proxy(original, { apply: (target, receiver: unknown, args) => call(target, receiver, args) }),
  });
}

/** Calls `check` with the arguments before each call of `object[name]`, which is made unless it throws. */
export function guardMethod(object: object, name: string, check: (...args: unknown[]) => void): void {
  replaceMethod(object, name, (original, receiver, args) => {
    check(...args);
    return Reflect.apply(original, receiver, args);
  });
}
