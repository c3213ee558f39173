import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type MessagePort, type WorkerOptions } from 'node:worker_threads';
import { native } from '../internal/binding';
import { ownFolder } from '../internal/own-folder';
import { wrongType, wrongValue } from '../internal/validate';
import { Token } from '../token/token';

/** The workerData of bootstrap.ts: how the thread of an ImpersonatedWorker starts. */
export interface WorkerStart {
  /** The path of the addon, which the thread of a bundled program loads. */
  readonly addon: string;
  /** The ticket for the thread's token. */
  readonly ticket: string;
  /** Whether the routing of built-in modules is installed before the caller's code runs. */
  readonly routed: boolean;
  /** The caller's code: a file by its absolute path, CommonJS code, or a module whose functions perform tasks. */
  readonly entry: { readonly file: string } | { readonly code: string } | TaskEntry;
  /** What replaces bootstrap.ts in `process.argv`. */
  readonly argv: readonly string[];
  /** The workerData of the caller. */
  readonly workerData: unknown;
}

/** The module by its URL, and the port that its tasks arrive at. */
export interface TaskEntry {
  readonly url: string;
  readonly tasks: MessagePort;
}

const isData = (file: unknown): file is URL => file instanceof URL && file.protocol === 'data:';

function toPath(file: unknown): string {
  if (file instanceof URL) return fileURLToPath(file);
  if (typeof file !== 'string') throw wrongType('file', 'of type string or an instance of URL', file);
  if (path.isAbsolute(file) || /^\.\.?[\\/]/.test(file)) return path.resolve(file);
  throw Object.assign(
    new TypeError(
      `The worker's file must be an absolute path, a relative path starting with './' or '../', or a URL object. Received "${file}"`,
    ),
    { code: 'ERR_WORKER_PATH' },
  );
}

/** Returns what `new Worker(file, { eval })` runs. Throws the same errors for an invalid file. */
export function workerEntry(file: unknown, isCode: boolean): Pick<WorkerStart, 'entry' | 'argv'> {
  if (isCode) {
    if (typeof file !== 'string')
      throw wrongValue('options.eval', "must be false when 'file' is not a string");
    return { entry: { code: file }, argv: ['[worker eval]'] };
  }
  if (isData(file)) return { entry: { code: `import(${JSON.stringify(file.href)})` }, argv: [] };
  const resolved = toPath(file);
  return { entry: { file: resolved }, argv: [resolved] };
}

/** Returns the URL of a worker's file. Throws what `new Worker(file)` throws for an invalid one. */
export function workerUrl(file: unknown): string {
  return isData(file) ? file.href : pathToFileURL(toPath(file)).href;
}

/**
 * The options of an `ImpersonatedWorker`: those of `Worker`, and the token.
 *
 * @example
 * const options: ImpersonatedWorkerOptions = { token, resourceLimits: { maxOldGenerationSizeMb: 256 } };
 * const worker = new ImpersonatedWorker('/srv/app/report.js', options);
 */
export interface ImpersonatedWorkerOptions extends WorkerOptions {
  /** The identity of the worker's thread. The worker gets its own token, so the caller may close this one. */
  token: Token;
}

/** The key of the option by which `UserWorkers` starts a worker that performs tasks. */
export const taskEntry = Symbol('taskEntry');

/** The options of a worker of `UserWorkers`. */
export interface TaskWorkerOptions extends ImpersonatedWorkerOptions {
  readonly [taskEntry]: TaskEntry;
}

let routed = false;

/** Makes later workers install the routing at their start. Called when it is installed on this thread. */
export function routeWorkers(): void {
  routed = true;
}

/** Absolute from the start, because the current folder can change. */
const addon = path.resolve(native.file);

/** Returns what the thread runs first: bootstrap.ts, or in a bundle, where it is no file, its code. */
function bootstrap(): { file: string; eval: boolean } {
  // The path is written out for tools that trace the files of a program.
  if (ownFolder !== undefined) return { file: path.join(__dirname, 'bootstrap.js'), eval: false };
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only in bundles
  const { code } = require('./bootstrap-code') as { code: string };
  return { file: code, eval: true };
}

let startingOwn = false;

/** Returns whether the Worker that is being constructed is an ImpersonatedWorker, which a flow may start. */
export const isStartingOwn = (): boolean => startingOwn;

/** Milliseconds within which the thread must start; far more than it takes on a busy machine. */
const startTimeout = 600_000;

function requireToken(options: unknown): Token {
  if (typeof options !== 'object' || options === null) throw wrongType('options', 'of type object', options);
  const { token } = options as Partial<ImpersonatedWorkerOptions>;
  Token.validate(token, 'options.token');
  return token;
}

/**
 * A `Worker` of node:worker_threads whose thread acts as one user from before its first line until its end, exit
 * handlers included (SetThreadToken; on Linux setresuid, setresgid, setgroups and capset of the thread). All of its
 * synchronous code has the user's rights, in every callback. `impersonate/fs` and `Token.current()` use the thread's
 * user. So does asynchronous node:fs, unless the parent thread has loaded nothing but `impersonate/unrouted`: then it
 * acts as the process.
 *
 * Modules of `--require` and `--import` run as the process. If the thread cannot be switched, the worker emits 'error'
 * and none of the caller's code runs.
 *
 * @example
 * const worker = new ImpersonatedWorker('/srv/app/report.js', { token, workerData: { month: 7 } });
 * worker.on('message', (report) => console.log(report));
 */
export class ImpersonatedWorker extends Worker {
  /**
   * Starts the worker. It passes the token on by a ticket, which the worker claims.
   *
   * @param file - As for `Worker`: an absolute path, a relative path that begins with `./` or `../`, a `file:` or
   * `data:` URL, or code if `eval` is set.
   * @param options - The token, and the options of `Worker`. `eval` code is CommonJS.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`, `ERR_WORKER_PATH`, or what the constructor of
   * `Worker` throws.
   * @throws ImpersonationError `ERR_TOKEN_CLOSED`; `ERR_TICKET_LIMIT`.
   */
  constructor(file: string | URL, options: ImpersonatedWorkerOptions) {
    const token = requireToken(options);
    const tasks = (options as Partial<TaskWorkerOptions>)[taskEntry];
    const entry = { ...workerEntry(file, options.eval ?? false), ...(tasks && { entry: tasks }) };
    const ticket = token.share({ expiresIn: startTimeout });
    const workerData: unknown = options.workerData;
    const start: WorkerStart = { ...entry, ticket, routed: routed || !!tasks, workerData, addon };
    const { file: first, eval: isFirstCode } = bootstrap();
    const given = { ...options, eval: isFirstCode, workerData: start };
    try {
      startingOwn = true;
      super(first, given);
    } catch (error) {
      native.revokeTicket(ticket);
      throw error;
    } finally {
      startingOwn = false;
    }
    // A worker that is terminated before it starts does not claim its ticket.
    this.once('exit', () => {
      native.revokeTicket(ticket);
    });
  }
}
