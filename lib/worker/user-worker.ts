import { inspect } from 'node:util';
import {
  MessageChannel,
  receiveMessageOnPort,
  type MessagePort,
  type Transferable,
  type WorkerOptions,
} from 'node:worker_threads';
import { ImpersonationError } from '../internal/error';
import { runInFlow, type Store } from '../internal/flow-store';
import type { Token } from '../token/token';
import { ImpersonatedWorker, taskEntry, type TaskWorkerOptions } from './impersonated-worker';
import { pack, unpack, type Packed } from './task-error';
import type { TaskRequest, TaskResponse } from './task-host';

/** A task of a user. */
export interface Task extends TaskRequest {
  readonly transferList: readonly Transferable[];
  /** The flow of its caller, in which the getters of the task run. */
  readonly store: Store;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** What a worker reports to its owner. */
export interface WorkerListener {
  /** The file is loaded. */
  onReady(): void;
  /** The task has ended, and the worker is free. */
  onDone(): void;
  /** The thread has ended: with `failure` if the file could not be loaded. */
  onExit(failure?: { readonly reason: unknown }): void;
}

/** The options of `ImpersonatedWorker` that all workers of a pool have. */
export type StartOptions = Pick<WorkerOptions, 'argv' | 'env' | 'execArgv' | 'resourceLimits' | 'workerData'>;

const isOutOfMemory = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY';

/** Makes the error of a task whose worker has ended. */
function exitError(error: unknown, exitCode: number): unknown {
  if (isOutOfMemory(error)) return error;
  const reason =
    error === undefined
      ? `it exited with code ${exitCode}`
      : `an exception was not caught: ${error instanceof Error ? error.message : inspect(error)}`;
  const made = new ImpersonationError(
    `The worker ended before it completed the task: ${reason}`,
    'ERR_WORKER_EXITED',
  );
  if (error === undefined) return made;
  return Object.defineProperty(made, 'cause', { value: error, writable: true, configurable: true });
}

/** Returns what was packed; for what is not, which only a task could post in the host's name, the error. */
function unpacked(packed: Packed): unknown {
  try {
    return unpack(packed);
  } catch (error) {
    return error;
  }
}

/** A thread of one user that performs tasks, one at a time. It keeps the process alive only while it has one. */
export class UserWorker {
  /** The task in progress. */
  task: Task | undefined;
  /** Whether the file is loaded. */
  isReady = false;
  /** Whether `end()` has been called. */
  isEnding = false;
  #isOver = false;
  /** Why the file could not be loaded, or the exception that ended the thread. */
  #error: unknown;
  readonly #worker: ImpersonatedWorker;
  /** Not the worker's parentPort, which is there for the task's code. */
  readonly #port: MessagePort;
  readonly #listener: WorkerListener;

  /** Starts the thread. Throws what the constructor of `ImpersonatedWorker` throws. */
  constructor(url: string, token: Token, options: StartOptions, listener: WorkerListener) {
    const { port1, port2 } = new MessageChannel();
    const given: TaskWorkerOptions = {
      ...options,
      token,
      [taskEntry]: { url, tasks: port2 },
      transferList: [port2],
    };
    this.#listener = listener;
    this.#port = port1;
    try {
      this.#worker = new ImpersonatedWorker(new URL(url), given);
    } catch (error) {
      port1.close();
      throw error;
    }
    port1.on('message', (message: unknown) => this.#receive(message));
    port1.on('messageerror', (error) => this.#settle((task) => task.reject(error)));
    port1.unref();
    this.#worker.on('error', (error: unknown) => (this.#error ??= error));
    this.#worker.once('exit', (exitCode) => this.#exit(exitCode));
  }

  /** Whether the worker can perform a task at once. */
  get isFree(): boolean {
    return this.isReady && !this.isEnding && !this.#isOver && !this.task;
  }

  /** Starts a task. Throws DataCloneError for one that cannot be posted. */
  perform(task: Task): void {
    const { id, name, value, transferList, store } = task;
    const request: TaskRequest = { id, name, value };
    // Before the getters of the task run, which may call for another one.
    this.task = task;
    try {
      runInFlow(store, () => this.#port.postMessage(request, transferList));
    } catch (error) {
      this.task = undefined;
      throw error;
    }
    this.#worker.ref();
  }

  /** Ends the thread, whatever it does, without settling its task. */
  end(): void {
    this.isEnding = true;
    this.task = undefined;
    this.#terminate();
  }

  #terminate(): void {
    // Outside of flows: its promise belongs to none of the callers.
    runInFlow(null, () => void this.#worker.terminate());
  }

  /** The task's code can get at the port of its thread, so a message may be anything. */
  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || this.isEnding) return;
    const { ready, failed, id, value, thrown } = message as TaskResponse;
    if (id !== undefined) {
      if (id !== this.task?.id) return;
      this.#settle((task) => (thrown ? task.reject(unpacked(thrown)) : task.resolve(value)));
    } else if (!this.isReady && failed) {
      this.#error = unpacked(failed);
      this.#terminate();
    } else if (!this.isReady && ready) {
      this.isReady = true;
      if (!this.#isOver) this.#listener.onReady();
    }
  }

  #settle(how: (task: Task) => void): void {
    const { task } = this;
    if (!task) return;
    this.task = undefined;
    this.#worker.unref();
    how(task);
    if (!this.#isOver) this.#listener.onDone();
  }

  #exit(exitCode: number): void {
    this.#isOver = true;
    // The last result may arrive after the event, which is why Node.js reads its own ports here as well.
    for (let last = receiveMessageOnPort(this.#port); last; last = receiveMessageOnPort(this.#port)) {
      this.#receive(last.message);
    }
    this.#port.close();
    this.#settle((task) => task.reject(exitError(this.#error, exitCode)));
    const hasFailed = !this.isReady && !this.isEnding;
    // An ImpersonationError of the thread has arrived as an Error.
    const reason = this.#error === undefined ? exitError(undefined, exitCode) : unpack(pack(this.#error));
    this.#listener.onExit(hasFailed ? { reason } : undefined);
  }
}
