import { native } from '../internal/binding';
import { deferred, prepareThread } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import { closeGate, isSealed } from './gate';

/** What `seal()` does with built-ins that are called without a token. */
export interface SealOptions {
  /**
   * `throw`, the default: the call fails with `ERR_NO_TOKEN`. `report`: the call continues as the process, and is
   * published to the channel `impersonate:unsealed`, once for each place in the program.
   */
  mode?: 'throw' | 'report';
  /** Absolute paths of files and folders that need no token, such as those of logs. A folder stands for all below it. */
  allow?: readonly string[];
}

/**
 * Seals this thread: from now on the functions, promises and streams of node:fs need a token. Outside of every flow,
 * scope and withoutToken() a call fails with `ERR_NO_TOKEN`, which a synchronous function throws, a callback receives, a
 * promise rejects with, and a stream emits. So code that has lost its flow fails, and does not act as the process. Call
 * it once the service has started.
 *
 * These need no token: the paths in `allow`, what is open already (descriptors, FileHandles, streams), `require()` and
 * `import()`, and withoutToken(). A thread stays sealed until it ends. Other threads are not sealed: each calls it for
 * itself. In an `ImpersonatedWorker` every call has a token, so that sealing it has no effect.
 *
 * @param options - The mode, and the paths that need no token.
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, or `ERR_INVALID_ARG_VALUE` for an unknown mode and for a relative path.
 * @throws ImpersonationError `ERR_SEALED` if the thread is sealed already, `ERR_UNSUPPORTED_PLATFORM`.
 * @example
 * server.listen(8080, () => seal({ allow: ['/var/log/service'] }));
 */
export function seal(options: SealOptions = {}): void {
  const gate = deferred().toGate(options);
  if (native.port === 'unsupported') native.processToken();
  if (isSealed()) throw new ImpersonationError('This thread is sealed already', 'ERR_SEALED');
  prepareThread();
  closeGate(gate);
}
