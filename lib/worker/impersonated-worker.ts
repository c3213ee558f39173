import path from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { native } from '../internal/binding';
import { isRouted } from '../routing/install';
import { Token } from '../token/token';
import { wrongType } from '../internal/validate';
import { workerEntry } from './entry';
import type { WorkerStart } from './start';

export interface ImpersonatedWorkerOptions extends WorkerOptions {
  /** Who the worker acts as. It gets a token of its own: this one may be closed. */
  token: Token;
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
    const start: WorkerStart = { ...entry, ticket, routed: isRouted(), workerData };
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
