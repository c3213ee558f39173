import workerThreads from 'node:worker_threads';

/** What only this package's own modules can hand to a constructor. */
export const internal = Symbol('internal');

export function illegalConstructor(name: string): TypeError {
  return Object.assign(new TypeError(`${name} has no public constructor`), {
    code: 'ERR_ILLEGAL_CONSTRUCTOR',
  });
}

/** Absent from Node before 22.10. */
const markAsUncloneable = Reflect.get(workerThreads, 'markAsUncloneable') as
  ((object: object) => void) | undefined;

/**
 * From now on `structuredClone()` and `postMessage()` of the object throw DataCloneError, where Node can do that, instead
 * of making an empty object of it.
 */
export function refuseClone(object: object): void {
  markAsUncloneable?.(object);
}
