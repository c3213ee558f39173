import { poolChannel, publish } from '../diagnostics/channels';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { validateInteger, validateOptions } from '../internal/validate';
import { rejectAborted } from './abort';

/**
 * The limits of the threads that make file system calls as users. They are shared by all threads of the process.
 *
 * @example
 * const options: PoolOptions = { perUser: 8, maxThreads: 128, queueTimeout: 30_000 };
 * configurePool(options);
 */
export interface PoolOptions {
  /** How many threads work for one user at a time, from 1 to 1024; 4 by default (`IMPERSONATE_POOL_PER_USER`). */
  perUser?: number;
  /** How many threads there are in all, from 1 to 1024; 64 by default (`IMPERSONATE_POOL_MAX_THREADS`). */
  maxThreads?: number;
  /**
   * For how many milliseconds a thread without work stays the user of its last call; 1,000 by default, 0 for not at all
   * (`IMPERSONATE_POOL_IDLE_TIME`). A switch costs more than most calls.
   */
  idleTime?: number;
  /**
   * After how many milliseconds a call that no thread has begun rejects with `ERR_USER_BUSY`; 0, the default, for never
   * (`IMPERSONATE_POOL_QUEUE_TIMEOUT`). It applies to calls of this thread.
   */
  queueTimeout?: number;
}

/**
 * The state of the threads that make file system calls as users.
 *
 * @example
 * const isOverloaded = ({ hung, waiting }: PoolStats) => hung > 10 || waiting > 1000;
 * console.log(isOverloaded(poolStats())); // Prints: false
 */
export interface PoolStats {
  /** All threads. */
  readonly threads: number;
  /** Threads that make a call. */
  readonly busy: number;
  /** Threads whose call was aborted, and from which the system has not returned. */
  readonly hung: number;
  /** Threads without work that are still the user of their last call. */
  readonly staying: number;
  /** Users with calls that run or wait. */
  readonly users: number;
  /** Calls that wait for a thread. */
  readonly waiting: number;
}

const mostThreads = 1024;
const longest = 2 ** 31 - 1;

/** The least and the greatest value of each option. */
const ranges = {
  perUser: [1, mostThreads],
  maxThreads: [1, mostThreads],
  idleTime: [0, longest],
  queueTimeout: [0, longest],
} as const;

type Name = keyof typeof ranges;
const names = Object.keys(ranges) as Name[];

let queueTimeout = 0;

/** Returns whether calls are rejected that wait for too long. */
export const isQueueLimited = (): boolean => queueTimeout > 0;

function rejectWaiting(call: number): ImpersonationError | undefined {
  if (!native.cancelFs(call)) return undefined;
  publish(poolChannel, () => ({ event: 'busy', ...poolStats() }));
  return new ImpersonationError(
    `No thread was free to act as the user within ${String(queueTimeout)} ms: the user's other calls have not returned. Raise perUser or queueTimeout of configurePool()`,
    'ERR_USER_BUSY',
  );
}

/** One listener for each signal, because node warns of many. */
const watchedCalls = new WeakMap<AbortSignal, Set<() => void>>();

function callsOf(signal: AbortSignal): Set<() => void> {
  const known = watchedCalls.get(signal);
  if (known) return known;
  const calls = new Set<() => void>();
  watchedCalls.set(signal, calls);
  signal.addEventListener('abort', () => [...calls].forEach((onAbort) => onAbort()), { once: true });
  return calls;
}

/**
 * Returns the promise of a call, which rejects with ERR_USER_BUSY if no thread has begun it within the time limit, and at
 * once if the signal is aborted; the call is abandoned then.
 */
export function watchCall<T>(call: number, job: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      stop();
      if (native.abandonFs(call)) publish(poolChannel, () => ({ event: 'hung', ...poolStats() }));
      resolve(rejectAborted(signal as AbortSignal));
    };
    const expire = (): void => {
      const error = rejectWaiting(call);
      if (!error) return;
      stop();
      reject(error);
    };
    const timer = isQueueLimited() ? setTimeout(expire, queueTimeout) : undefined;
    if (signal) callsOf(signal).add(onAbort);
    const stop = (): void => {
      clearTimeout(timer);
      if (signal) callsOf(signal).delete(onAbort);
    };
    job.finally(stop).then(resolve, reject);
  });
}

function apply(options: PoolOptions, isDefault: boolean): void {
  const [perUser, maxThreads, idleTime] = native.poolLimits();
  native.setPoolLimits(
    options.perUser ?? perUser,
    options.maxThreads ?? maxThreads,
    options.idleTime ?? idleTime,
    isDefault,
  );
  queueTimeout = options.queueTimeout ?? queueTimeout;
}

/**
 * Sets limits of the threads that make file system calls as users: of every asynchronous call of `impersonate/fs`, and
 * of `node:fs` in flows and scopes. Options that are not given stay as they are.
 *
 * @param options - The limits.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`; nothing is changed then.
 * @example
 * configurePool({ perUser: 8, queueTimeout: 30_000 });
 */
export function configurePool(options: PoolOptions): void {
  validateOptions(options, 'options', names);
  for (const name of names) {
    const [least, greatest] = ranges[name];
    if (options[name] !== undefined) validateInteger(options[name], `options.${name}`, least, greatest);
  }
  apply(options, false);
}

/**
 * Reports on the threads that make file system calls as users.
 *
 * @returns Their state, in numbers.
 * @example
 * const { hung, waiting } = poolStats();
 * console.log(hung, waiting); // Prints: 0 0
 */
export function poolStats(): PoolStats {
  const [threads, busy, hung, staying, users, waiting] = native.poolStatistics();
  return { threads, busy, hung, staying, users, waiting };
}

/** Sets limits that environment variables name, unless a thread of the process has set any. Invalid ones are ignored. */
export function configurePoolByEnvironment(): void {
  if (native.secureExecution) return;
  const options: PoolOptions = {};
  for (const name of names) {
    const variable = process.env[`IMPERSONATE_POOL_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`];
    const [least, greatest] = ranges[name];
    const value = Number(variable);
    if (!variable || !Number.isInteger(value) || value < least || value > greatest) continue;
    options[name] = value;
  }
  if (Object.keys(options).length > 0) apply(options, true);
}
