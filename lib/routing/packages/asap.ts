import type { AnyFunction } from '../router';
import { bindArguments, boundToCaller, replaced } from './bind';
import type { Mend } from './packages';

interface Task {
  readonly call: AnyFunction;
}

/** asap 2: all tasks of the process are in the queue of raw.js. */
export const asap: Mend = (exports, file) => {
  if (file !== 'raw.js' || typeof exports !== 'function') return;
  return replaced(exports as AnyFunction, (add, receiver, [task]) => {
    if (typeof task === 'function') return Reflect.apply(add, receiver, [boundToCaller(task)]);
    const call = boundToCaller((): unknown => (task as Task).call());
    return Reflect.apply(add, receiver, [{ call }]);
  });
};

/** Promises that run their handlers in a queue of their own: promise, q, rsvp, es6-promise and when. */
export const promiseLibrary: Mend = (exports) => {
  const { Promise: named, makePromise } = exports as { Promise?: unknown; makePromise?: unknown };
  for (const each of [exports, named, makePromise]) {
    const { prototype } = (each ?? {}) as { prototype?: object };
    if (prototype && 'then' in prototype) bindArguments(prototype, ['then']);
  }
};
