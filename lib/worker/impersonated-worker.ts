import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { native } from '../internal/binding';
import { wrongType, wrongValue } from '../internal/validate';
import { Token } from '../token/token';

/** How an ImpersonatedWorker's thread begins: the workerData of its bootstrap. */
export interface WorkerStart {
  /** For the token that the thread acts as. */
  readonly ticket: string;
  /** Whether node:fs is routed on the thread from the first line on. */
  readonly routed: boolean;
  /** What to run then: a file by its absolute path, or CommonJS code. */
  readonly entry: { readonly file: string } | { readonly code: string };
  /** What `process.argv` has in the place of a program's path. */
  readonly argv: readonly string[];
  /** The caller's. */
  readonly workerData: unknown;
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

/** What `new Worker(file, { eval })` runs; throws as it does for a file that is none. */
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

export interface ImpersonatedWorkerOptions extends WorkerOptions {
  /** Who the worker acts as. It gets a token of its own: this one may be closed. */
  token: Token;
}

let routed = false;

/** Has node:fs routed from the start on the threads of later workers. Called when it is routed on this thread. */
export function routeWorkers(): void {
  routed = true;
}

const bootstrap = path.join(__dirname, 'bootstrap.js');
/** Far more than a thread takes to begin, on a machine however busy. */
const startLimit = 600_000; // ms

function requireToken(options: unknown): Token {
  if (typeof options !== 'object' || options === null) throw wrongType('options', 'of type object', options);
  const { token } = options as Partial<ImpersonatedWorkerOptions>;
  Token.validate(token, 'options.token');
  return token;
}

/**
 * A `Worker` of node:worker_threads whose thread acts as one user for its whole life: SetThreadToken on Windows, the
 * thread's own ids and groups on Linux, before any of the file's code runs and until the thread ends, exit handlers
 * included. Its synchronous code is the user for the kernel in every callback, and has no scope to keep;
 * `impersonate/fs` and `Token.current()` take the user from the thread, and so does asynchronous node:fs, unless the
 * parent has nothing but `impersonate/unrouted`: pool threads then do it as the process.
 *
 * `file` and the options are the Worker's; what --require and --import load beforehand runs as the process, and
 * `eval` code is CommonJS. If the identity cannot be taken on, 'error' is emitted, and none of the file's code runs.
 * Throws ERR_TOKEN_CLOSED for a closed token, and what the Worker's constructor throws.
 */
export class ImpersonatedWorker extends Worker {
  constructor(file: string | URL, options: ImpersonatedWorkerOptions) {
    const token = requireToken(options);
    const entry = workerEntry(file, options.eval ?? false);
    const ticket = token.share({ expiresIn: startLimit });
    const workerData: unknown = options.workerData;
    const start: WorkerStart = { ...entry, ticket, routed, workerData };
    try {
      super(bootstrap, { ...options, eval: false, workerData: start });
    } catch (error) {
      native.revokeTicket(ticket);
      throw error;
    }
    // One that is ended before it has begun leaves its ticket behind.
    this.once('exit', () => {
      native.revokeTicket(ticket);
    });
  }
}
