import { addAbortListener } from 'node:events';
import { SHARE_ENV, type Transferable } from 'node:worker_threads';
import { requireLevelForWork } from '../flow/run';
import { rejectAborted } from '../fs/abort';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { asProcess, currentStore, runInFlow } from '../internal/flow-store';
import { internal } from '../internal/private';
import {
  validateAbortSignal,
  validateArray,
  validateInteger,
  validateOptions,
  validateString,
  wrongValue,
} from '../internal/validate';
import { Token } from '../token/token';
import { workerUrl } from './impersonated-worker';
import { UserWorker, type StartOptions, type Task } from './user-worker';
import type { UserWorkersOptions, UserWorkersRunOptions } from './user-workers';

const day = 86_400_000;
const optionNames = ['maxWorkers', 'idleTimeout', 'maxQueue'] as const;
const startOptionNames = ['argv', 'env', 'execArgv', 'resourceLimits', 'workerData'] as const;

interface PoolOptions {
  readonly maxWorkers: number;
  readonly idleTimeout: number;
  readonly maxQueue: number;
  readonly start: StartOptions;
}

function toPoolOptions(options: unknown): PoolOptions {
  validateOptions(options, 'options', [...optionNames, ...startOptionNames]);
  const { maxWorkers = 16, idleTimeout = 30_000, maxQueue = Infinity, ...start } = options;
  validateInteger(maxWorkers, 'options.maxWorkers', 1, 1024);
  validateInteger(idleTimeout, 'options.idleTimeout', 0, day);
  if (maxQueue !== Infinity) validateInteger(maxQueue, 'options.maxQueue', 1, Number.MAX_SAFE_INTEGER);
  if (start.env === SHARE_ENV)
    throw wrongValue('options.env', 'must not be SHARE_ENV: the users would share what one of them writes');
  // At once, so that no getter of the caller runs while a worker starts.
  const workerData: unknown = structuredClone(start.workerData);
  return { maxWorkers, idleTimeout, maxQueue, start: { ...(start as StartOptions), workerData } };
}

function toRunOptions(options: unknown): {
  readonly signal: AbortSignal | undefined;
  readonly transferList: Transferable[];
  readonly name: string;
} {
  validateOptions(options, 'options', ['signal', 'transferList', 'name']);
  const { signal, transferList = [], name = 'default' } = options;
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  validateArray(transferList, 'options.transferList');
  validateString(name, 'options.name');
  return { signal, transferList: transferList as Transferable[], name };
}

const closedError = (): ImpersonationError =>
  new ImpersonationError('The UserWorkers are closed', 'ERR_WORKERS_CLOSED');

const limitError = (): ImpersonationError =>
  new ImpersonationError('As many tasks of this user wait as options.maxQueue permits', 'ERR_TASK_LIMIT');

/** A user with waiting tasks, with a worker, or both: one identity, by its `poolKey`. */
interface User {
  readonly key: string;
  /** The pool's own, so that the caller may close the given one while a task waits. */
  readonly token: Token;
  /** Waiting tasks, first come first served. */
  readonly tasks: Set<Task>;
  worker: UserWorker | undefined;
  /** Ends an idle worker. */
  timer: NodeJS.Timeout | undefined;
}

function rejectAll({ tasks }: User, reason: unknown): void {
  for (const task of tasks) task.reject(reason);
  tasks.clear();
}

/**
 * Implements `UserWorkers`. No more than `maxWorkers` threads exist, those included that are ending. Users without a
 * worker wait for a place in a line. Whoever waits gets the place of the worker that is idle longest, or else that of the
 * next worker whose task ends.
 */
export class WorkerPool {
  readonly #url: string;
  readonly #options: PoolOptions;
  readonly #users = new Map<string, User>();
  /** Users that wait for a place, first come first served. */
  readonly #line = new Set<User>();
  /** Users whose worker is idle, least recently used first. */
  readonly #idle = new Set<User>();
  #workers = 0;
  /** How many of the workers are ending. */
  #ending = 0;
  #lastId = 0;
  #isClosed = false;
  readonly #onEmpty: (() => void)[] = [];

  constructor(file: unknown, options: UserWorkersOptions) {
    this.#url = workerUrl(file);
    this.#options = toPoolOptions(options);
  }

  get size(): number {
    return this.#workers;
  }

  get queueSize(): number {
    let size = 0;
    for (const { tasks } of this.#users.values()) size += tasks.size;
    return size;
  }

  run(token: Token, value: unknown, options: UserWorkersRunOptions): Promise<unknown> {
    if (this.#isClosed) throw closedError();
    Token.validate(token, 'token');
    const { signal, transferList, name } = toRunOptions(options);
    requireLevelForWork({ token, tokenRef: { id: token.openId() } });
    if (signal?.aborted) return rejectAborted(signal);
    const user = this.#userOf(token);
    if (user.tasks.size >= this.#options.maxQueue) throw limitError();
    return new Promise((resolve, reject) => {
      const id = (this.#lastId += 1);
      let listening: Disposable | undefined;
      const settling =
        <T>(settle: (outcome: T) => void) =>
        (outcome: T): void => {
          listening?.[Symbol.dispose]();
          settle(outcome);
        };
      const store = currentStore();
      const ends = { resolve: settling(resolve), reject: settling(reject) };
      const task: Task = { id, name, value, transferList, store, ...ends };
      try {
        if (signal) listening = addAbortListener(signal, () => this.#abort(user, task, signal));
        user.tasks.add(task);
      } finally {
        this.#serve(user);
      }
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const user of this.#idle) this.#end(user);
    return this.#emptied();
  }

  destroy(): Promise<void> {
    this.#isClosed = true;
    for (const user of this.#users.values()) {
      user.worker?.task?.reject(closedError());
      rejectAll(user, closedError());
      if (user.worker) this.#end(user);
      else this.#forget(user);
    }
    return this.#emptied();
  }

  #emptied(): Promise<void> {
    if (this.#users.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  #userOf(token: Token): User {
    const key = token.poolKey;
    let user = this.#users.get(key);
    if (!user) {
      const own = new Token(internal, native.aliasToken(token.openId()), true);
      user = { key, token: own, tasks: new Set(), worker: undefined, timer: undefined };
      this.#users.set(key, user);
    }
    return user;
  }

  /** Removes a user without tasks and worker. */
  #forget(user: User): void {
    this.#line.delete(user);
    this.#users.delete(user.key);
    user.token.close();
    if (this.#isClosed && this.#users.size === 0) for (const resolve of this.#onEmpty) resolve();
  }

  /** Continues with a user whose tasks or whose worker have changed. */
  #serve(user: User): void {
    const { worker, tasks } = user;
    if (!worker) {
      if (tasks.size > 0) this.#line.add(user);
      else this.#forget(user);
      this.#admit();
    } else if (worker.isReady) this.#employ(user, worker);
    // Its tasks have been aborted: what it does while it loads may never end.
    else if (tasks.size === 0) this.#end(user);
  }

  /** Gives the worker its next task, if it is free. */
  #employ(user: User, worker: UserWorker): void {
    for (const task of user.tasks) {
      if (!worker.isFree) return;
      this.#wake(user);
      user.tasks.delete(task);
      try {
        worker.perform(task);
      } catch (error) {
        task.reject(error);
      }
    }
    if (worker.isFree) this.#rest(user);
  }

  #wake(user: User): void {
    clearTimeout(user.timer);
    this.#idle.delete(user);
  }

  #rest(user: User): void {
    const { idleTimeout } = this.#options;
    if (this.#isClosed || idleTimeout === 0) {
      this.#end(user);
      return;
    }
    this.#wake(user);
    this.#idle.add(user);
    // Outside of flows: the timer belongs to none of the callers.
    user.timer = runInFlow(null, () => setTimeout(() => this.#end(user), idleTimeout).unref());
    this.#admit();
  }

  /** Whether more users wait for a place than workers are ending. */
  get #isCrowded(): boolean {
    return this.#line.size > this.#ending;
  }

  /** Starts the workers that there is a place for, and ends idle ones for those who wait. */
  #admit(): void {
    for (const user of this.#line) {
      if (this.#workers >= this.#options.maxWorkers) break;
      this.#line.delete(user);
      this.#start(user);
    }
    for (const user of this.#idle) {
      if (!this.#isCrowded) break;
      this.#end(user);
    }
  }

  #start(user: User): void {
    let worker: UserWorker | undefined;
    const listener = {
      onReady: () => this.#serve(user),
      onDone: () => {
        // A user with many tasks goes to the end of the line after each of them.
        if (user.tasks.size > 0 && this.#isCrowded) this.#end(user);
        else this.#serve(user);
      },
      onExit: (failure?: { readonly reason: unknown }) => {
        this.#workers -= 1;
        if (worker?.isEnding) this.#ending -= 1;
        this.#wake(user);
        user.worker = undefined;
        if (failure) rejectAll(user, failure.reason);
        this.#serve(user);
      },
    };
    try {
      // Outside of the caller's flow and scope, which the worker outlives.
      worker = asProcess(() => new UserWorker(this.#url, user.token, this.#options.start, listener));
    } catch (error) {
      rejectAll(user, error);
      this.#forget(user);
      return;
    }
    user.worker = worker;
    this.#workers += 1;
  }

  #end(user: User): void {
    const { worker } = user;
    this.#wake(user);
    if (!worker || worker.isEnding) return;
    this.#ending += 1;
    worker.end();
  }

  #abort(user: User, task: Task, signal: AbortSignal): void {
    task.resolve(rejectAborted(signal));
    if (user.worker?.task === task) this.#end(user);
    else if (user.tasks.delete(task)) this.#serve(user);
  }
}
