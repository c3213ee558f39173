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
