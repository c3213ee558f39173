import { AsyncResource } from 'node:async_hooks';
import { currentStore, type Store } from '../../internal/flow-store';
import type { AnyFunction } from '../router';
import { boundTo, boundToCaller, callerOf, refuseInFlows, replaced } from './bind';
import type { Mend } from './packages';

interface Task {
  callback: AnyFunction;
  readonly next?: Task | null;
}

/** The tasks of a queue: a list, or a heap. */
type Tasks = Record<string, AnyFunction | undefined> & {
  readonly head?: Task | null;
  shift: () => Task;
};

interface Queue {
  _tasks?: Tasks;
  payload?: number;
  process: () => void;
}

/** Where a task comes from. */
interface Origin {
  readonly flow: Store;
  readonly caller: AsyncResource;
}

const origins = new WeakMap<Task, Origin>();
const flowOf = (task: Task): Store => origins.get(task)?.flow;

function keepOrigin(task: Task): void {
  if (origins.has(task)) return;
  const caller = callerOf(task.callback);
  task.callback = boundTo(caller, task.callback);
  origins.set(task, { flow: currentStore(), caller });
}

/** Returns how many of the first tasks come from one flow. */
function countOfFirstFlow({ head }: Tasks): number {
  let count = 0;
  for (let task = head; task && head && flowOf(task) === flowOf(head); task = task.next) count += 1;
  return count;
}

const bound = new WeakSet<Queue>();

/** A queue that calls its worker in the flow that the tasks come from, and its handlers in the flow that made it. */
class BoundQueue {
  readonly #maker = new AsyncResource('async.queue');
  /** The last task that the queue has taken; the call of the worker with it follows. */
  #taken: Task | undefined;
  /** Whether the queue is taking tasks. */
  #processing = false;

  /** Returns what the queue calls as its worker. */
  workerOf(worker: unknown): unknown {
    if (typeof worker !== 'function') return worker;
    return replaced(worker as AnyFunction, (original, receiver, args) => {
      const caller = this.#taken && origins.get(this.#taken)?.caller;
      if (!caller) return Reflect.apply(original, receiver, args);
      const given = args.map((each) =>
        typeof each === 'function' ? boundTo(this.#maker, each as AnyFunction) : each,
      );
      return caller.runInAsyncScope(original, receiver, ...given);
    });
  }

  #follow(tasks: Tasks): Tasks {
    for (const name of ['push', 'unshift', 'insertBefore']) {
      const add = tasks[name];
      if (!add) continue;
      tasks[name] = function (...args) {
        keepOrigin(args.at(-1) as Task);
        return Reflect.apply(add, this, args);
      };
    }
    const { shift } = tasks;
    tasks.shift = () => {
      this.#taken = shift.call(tasks);
      return this.#taken;
    };
    return tasks;
  }

  bind(queue: Queue): void {
    // Functions of the package call each other.
    if (bound.has(queue)) return;
    bound.add(queue);
    if (!queue._tasks) {
      refuseInFlows(queue, ['push', 'unshift'], 'queue of async before 2');
      return;
    }
    // A priority queue is a queue whose tasks are replaced.
    let tasks = this.#follow(queue._tasks);
    let { payload } = queue;
    Object.defineProperties(queue, {
      _tasks: {
        get: () => tasks,
        set: (given: Tasks) => void (tasks = this.#follow(given)),
        enumerable: true,
      },
      // How many tasks the worker is given at most: those of one flow.
      payload: {
        get: () => {
          if (!this.#processing || payload === 1) return payload;
          return Math.min(payload ?? Infinity, countOfFirstFlow(tasks));
        },
        set: (given: number | undefined) => void (payload = given),
        enumerable: true,
      },
    });
    const { process } = queue;
    queue.process = () => {
      const outer = this.#processing;
      this.#processing = true;
      try {
        this.#maker.runInAsyncScope(process);
      } finally {
        this.#processing = outer;
      }
    };
  }
}

const makingQueues = (make: AnyFunction): AnyFunction =>
  replaced(make, (original, receiver, [worker, ...rest]) => {
    const bound = new BoundQueue();
    const queue = Reflect.apply(original, receiver, [bound.workerOf(worker), ...rest]) as Queue;
    bound.bind(queue);
    return queue;
  });

/** Calls that wait for the same result get it in their own flows. */
const memoizing = (memoize: AnyFunction): AnyFunction =>
  replaced(memoize, (original, receiver, args) => {
    const memoized = Reflect.apply(original, receiver, args) as AnyFunction;
    return replaced(memoized, (call, self, given) => Reflect.apply(call, self, given.map(boundToCaller)));
  });

const inFiles: Readonly<Record<string, ((original: AnyFunction) => AnyFunction) | undefined>> = {
  'internal/queue.js': makingQueues,
  'memoize.js': memoizing,
};

const makers = {
  queue: makingQueues,
  priorityQueue: makingQueues,
  cargo: makingQueues,
  cargoQueue: makingQueues,
  memoize: memoizing,
};

/** async 2 and 3. */
export const async: Mend = (exports, file) => {
  if (typeof exports === 'function' && !('queue' in exports)) {
    return inFiles[file]?.(exports as AnyFunction);
  }
  for (const [name, make] of Object.entries(makers)) {
    const original: unknown = Reflect.get(exports, name);
    if (typeof original !== 'function') continue;
    const made = make(original as AnyFunction);
    for (const each of [exports, Reflect.get(exports, 'default') as unknown]) {
      if (each && Reflect.get(each, name) === original) Reflect.set(each, name, made);
    }
  }
  return exports;
};
