import workerThreads from 'node:worker_threads';

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
