import type { AsyncResource } from 'node:async_hooks';
import type { AnyFunction } from '../router';
import { bindHandlers, boundToCaller, callerOf, replaced } from './bind';
import type { Mend } from './packages';

/** A value in a queue, with the flow of the code that put it there. */
class Entry {
  constructor(
    readonly value: unknown,
    readonly caller: AsyncResource,
  ) {}
}

interface Queue {
  push: AnyFunction;
  unshift: AnyFunction;
  error: AnyFunction;
  getQueue: AnyFunction;
}

const valueOf = (entry: unknown): unknown => (entry instanceof Entry ? entry.value : entry);

/** The worker of a queue is called with an Entry, and calls the program's in the flow of that. */
const workerOf = (worker: AnyFunction): AnyFunction =>
  function (entry, ...rest) {
    if (!(entry instanceof Entry)) return Reflect.apply(worker, this, [entry, ...rest]);
    return entry.caller.runInAsyncScope(worker, this, entry.value, ...rest);
  };

function bindQueue(queue: Queue, worker: AnyFunction): void {
  const { push, unshift, error, getQueue } = queue;
  const withEntry =
    (add: AnyFunction): AnyFunction =>
    (value, done) =>
      add(new Entry(value, callerOf(worker)), boundToCaller(done));
  queue.push = withEntry(push);
  queue.unshift = withEntry(unshift);
  queue.error = (handler) => {
    const bound = boundToCaller(handler);
    error(
      typeof bound === 'function'
        ? (reason: unknown, entry: unknown) => (bound as AnyFunction)(reason, valueOf(entry))
        : bound,
    );
  };
  queue.getQueue = () => (getQueue() as unknown[]).map(valueOf);
  bindHandlers(queue, ['drain', 'saturated', 'empty']);
}

/** Makes the queues of a function of fastq call the worker for each value in the flow of its push() or unshift(). */
const makingQueues = (make: AnyFunction): AnyFunction =>
  replaced(make, (original, receiver, args) => {
    const position = typeof args[0] === 'function' ? 0 : 1;
    const worker = args[position];
    if (typeof worker !== 'function') return Reflect.apply(original, receiver, args);
    const given = args.with(position, workerOf(worker as AnyFunction));
    const queue = Reflect.apply(original, receiver, given) as Queue;
    bindQueue(queue, worker as AnyFunction);
    return queue;
  });

/** fastq 1: calls one worker for the values that it is given. */
export const fastq: Mend = (exports) => {
  if (typeof exports !== 'function') return;
  const functions = exports as AnyFunction & { promise?: AnyFunction };
  if (functions.promise) functions.promise = makingQueues(functions.promise);
  return makingQueues(functions);
};
