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

/**
 * Makes `structuredClone()` and `postMessage()` of the object throw DataCloneError, which shows `reason`. Otherwise they
 * would make an empty object of it. A symbol cannot be cloned, and the error shows its description.
 */
export function refuseClone(object: object, reason: string): void {
  Object.defineProperty(object, 'uncloneable', { value: Symbol(reason), enumerable: true });
}
