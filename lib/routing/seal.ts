import { native } from '../internal/binding';
import { deferred, prepareThread } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import { closeGate, isSealed } from './gate';

/**
 * What `seal()` does with built-ins that are called without a token.
 *
 * @example
 * const options: SealOptions = { mode: 'report', allow: ['/var/log/service', '/run/service.sock'] };
 */
export interface SealOptions {
  /**
   * `throw`, the default: the call fails with `ERR_NO_TOKEN`. `report`: the call continues as the process, and is
   * published to the channel `impersonate:unsealed`, once for each place in the program.
   */
  mode?: 'throw' | 'report';
  /**
   * Absolute paths of files and folders that need no token, such as those of logs, and of sockets and named pipes. A
   * folder stands for all below it. Programs and threads cannot be allowed.
   */
  allow?: readonly string[];
}

/**
 * Seals this thread: from now on every built-in that in a flow acts as the user, or throws because it cannot, needs a
 * token: node:fs, sockets by path, node:sqlite, node:wasi, programs, threads, functions of `process`. Outside of every
 * flow, scope and withoutToken() a call fails with `ERR_NO_TOKEN`. A function of node:fs reports it as every error: it
 * throws, passes it to the callback, rejects, or emits it. All others throw it. So code that has lost its flow fails, and
 * does not act as the process. Call it once the service has started.
 *
 * These need no token: the paths in `allow`, what is open or running already (descriptors, FileHandles, streams, servers,
 * databases, programs, threads), TCP and UDP, `require()` and `import()`, an `ImpersonatedWorker`, and withoutToken(). A
 * thread stays sealed until it ends. A `Worker` can be started in withoutToken() only, is not sealed itself, and calls
 * `seal()` if it is to be. In an `ImpersonatedWorker` every call has a token, so that sealing it has no effect.
 *
 * @param options - The mode, and the paths that need no token.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, or `ERR_INVALID_ARG_VALUE` for an unknown mode and for a relative path.
 * @throws ImpersonationError `ERR_SEALED` if the thread is sealed already, `ERR_UNSUPPORTED_PLATFORM`.
 * @example
 * http.createServer().listen(8080, () => seal({ allow: ['/var/log/service'] }));
 */
export function seal(options: SealOptions = {}): void {
  const gate = deferred().toGate(options);
  if (native.port === 'unsupported') native.processToken();
  if (isSealed()) throw new ImpersonationError('This thread is sealed already', 'ERR_SEALED');
  prepareThread();
  closeGate(gate);
}
