import workerThreads from 'node:worker_threads';

/**
 * The key without which a constructor throws. Only this package's modules have it: a Token of made-up ids, or a scope without
 * its checks, cannot be made from outside.
 */
export const internal = Symbol('internal');

/** Makes the error of a class without a public constructor. */
export function illegalConstructor(name: string): TypeError {
  return Object.assign(new TypeError(`${name} has no public constructor`), {
    code: 'ERR_ILLEGAL_CONSTRUCTOR',
  });
}

/** Undefined before Node 22.10. */
const markAsUncloneable = Reflect.get(workerThreads, 'markAsUncloneable') as
  ((object: object) => void) | undefined;

/**
 * Makes `structuredClone()` and `postMessage()` of the object throw DataCloneError where Node supports it. Otherwise they
 * would make an empty object of it.
 */
export function refuseClone(object: object): void {
  markAsUncloneable?.(object);
}
