import type { ResourceLimits, WorkerOptions } from 'node:worker_threads';
import { deferred } from '../internal/deferred';
import type { Token } from '../token/token';
import type { WorkerPool } from './worker-pool';

/**
 * How many workers `UserWorkers` have, how long they are kept, and how they start.
 *
 * @example
 * const options: UserWorkersOptions = { maxWorkers: 8, idleTimeout: 5_000, maxQueue: 100 };
 * await using workers = new UserWorkers('/srv/app/thumbnail.js', options);
 */
export interface UserWorkersOptions {
  /** Threads at a time, 1 to 1,024; 16 by default. */
  maxWorkers?: number;
  /** Milliseconds until an idle worker ends, 0 to 86,400,000 (a day); 30,000 by default. */
  idleTimeout?: number;
  /** How many tasks of one user may wait, 1 or more; without a limit by default. */
  maxQueue?: number;
  /** As for `Worker`, for each worker. */
  resourceLimits?: ResourceLimits;
  /** As for `Worker`; by default each worker gets a copy of `process.env` when it starts. Not `SHARE_ENV`. */
  env?: NodeJS.Dict<string>;
  /** As for `Worker`. */
  execArgv?: string[];
  /** As for `Worker`. */
  argv?: unknown[];
  /** As for `Worker`. It is cloned when the `UserWorkers` are made, and for each worker. */
  workerData?: unknown;
}

/**
 * How a task of `UserWorkers` is performed.
 *
 * @example
 * const options: UserWorkersRunOptions = { name: 'list', signal: AbortSignal.timeout(10_000) };
 * await using workers = new UserWorkers<string, string[]>('/srv/app/thumbnail.js');
 * const names = await workers.run(token, '/srv/files', options);
 */
export interface UserWorkersRunOptions {
  /** Removes a waiting task from the queue, or ends the worker that performs it, whatever it does. */
  signal?: AbortSignal;
  /** What of the task is transferred, and not cloned, as for `postMessage()`. */
  transferList?: WorkerOptions['transferList'];
  /** Which export of the file performs the task; `default` by default, which is also `module.exports`. */
  name?: string;
}

/**
 * Performs tasks of many users, each on a thread of its user. Code of other packages in a worker shares nothing with that
 * of another user: no heap, module, cache, queue or watcher.
 *
 * Each worker is an `ImpersonatedWorker` for one identity (`token.poolKey`) and never has another one. It starts with the
 * identity's first task, performs one task at a time, and ends when it is idle for `idleTimeout`. If there are
 * `maxWorkers`, the least recently used idle worker ends for a user without one. If all are busy, such users wait in a
 * queue, in the order of their first tasks. While the queue is not empty, a worker ends after its task; if its user has
 * further tasks, the user goes to the end of the queue. node:fs is routed in the workers. `UserWorkers` are used on the
 * thread that made them.
 *
 * @example
 * await using workers = new UserWorkers('/srv/app/thumbnail.js', { maxWorkers: 8 });
 * const picture = await workers.run(token, { file: '/srv/files/report.txt', width: 200 });
 */
export class UserWorkers<T = unknown, R = unknown> {
  readonly #pool: WorkerPool;

  /**
   * Starts no worker.
   *
   * @param file - The file whose functions perform the tasks, CommonJS or an ES module: an absolute path, a relative path
   * that begins with `./` or `../`, or a `file:` or `data:` URL. Each worker loads it once, as its user.
   * @param options - The number and lifetime of the workers, and how they start.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_WORKER_PATH`.
   * @throws DOMException `DataCloneError` for a `workerData` that cannot be cloned.
   */
  constructor(file: string | URL, options: UserWorkersOptions = {}) {
    this.#pool = new (deferred().WorkerPool)(file, options);
  }

  /**
   * Marks a task's result for transfer: `run()` gets it without a copy. Called in the file of the workers. The functions
   * may as well use `move()` of piscina.
   *
   * @param value - An ArrayBuffer, a view of one, a MessagePort or anything else that can be transferred.
   * @returns What the function is to return.
   * @example
   * // In the file of the workers:
   * const makePicture = ({ width, height }: { width: number; height: number }) =>
   *   UserWorkers.move(new Float32Array(width * height));
   */
  static move<V extends object>(value: V): V {
    return deferred().move(value);
  }

  /** The number of threads, including those that are starting or ending. */
  get size(): number {
    return this.#pool.size;
  }

  /** The number of tasks that wait for a worker. */
  get queueSize(): number {
    return this.#pool.queueSize;
  }

  /**
   * Calls a function of the file with `task`, on a thread of the token's user, and resolves to its result. The caller may
   * close the token at once. Task and result are cloned, as by `postMessage()`. An error that the function throws arrives
   * with its code, its other own properties, its causes and its stack; it is of its class if this is one of JavaScript's, a
   * DOMException or an ImpersonationError.
   *
   * @param token - The identity. Tokens with the same `poolKey` share a worker; on Windows this means that they are of one
   * logon session, as those of a `TokenCache` are.
   * @param task - The argument of the function.
   * @param options - The function's name, a signal, and what is transferred.
   * @returns What the function returns or resolves to.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`, also if the file exports no such function.
   * @throws ImpersonationError Rejects with `ERR_TOKEN_CLOSED`, `ERR_TOKEN_LEVEL`, `ERR_TASK_LIMIT` or
   * `ERR_WORKERS_CLOSED`; with `ERR_WORKER_EXITED` if the worker ends during the task.
   * @throws Error Rejects with an `AbortError` if the signal is aborted, a `DataCloneError` for a task or result that
   * cannot be cloned, `ERR_WORKER_OUT_OF_MEMORY`, what the function throws, and what prevents the worker from loading its file.
   * @example
   * await using workers = new UserWorkers<string, string[]>('/srv/app/thumbnail.js');
   * const names = await workers.run(token, '/srv/files', { name: 'list' });
   */
  async run(token: Token, task: T, options: UserWorkersRunOptions = {}): Promise<R> {
    return (await this.#pool.run(token, task, options)) as R;
  }

  /**
   * Ends each worker when it has performed the tasks of its user. Further calls of `run()` reject with `ERR_WORKERS_CLOSED`.
   *
   * @returns A promise that resolves when all threads have ended.
   * @example
   * const workers = new UserWorkers('/srv/app/thumbnail.js');
   * process.once('SIGTERM', () => workers.close());
   */
  close(): Promise<void> {
    return this.#pool.close();
  }

  /**
   * Ends all workers at once, whatever they do. Their tasks and those that wait reject with `ERR_WORKERS_CLOSED`.
   *
   * @returns A promise that resolves when all threads have ended.
   * @example
   * const workers = new UserWorkers('/srv/app/thumbnail.js');
   * await workers.destroy();
   */
  destroy(): Promise<void> {
    return this.#pool.destroy();
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
