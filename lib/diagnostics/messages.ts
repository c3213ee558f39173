import type { PoolStats } from '../fs/pool';
import type { Principal } from '../token/principal';

/**
 * The two identities that every message names.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('impersonate:enter', (message) => {
 *   const { process: service, user } = message as Identities;
 *   console.log(`${service.id} acts as ${user.id}`);
 * });
 */
export interface Identities {
  /** The identity of the process. */
  readonly process: Principal;
  /** The identity of the scope, flow or operation. */
  readonly user: Principal;
}

/**
 * The message of `impersonate:enter` and `impersonate:revert`: the same frozen object for both ends of a scope.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('impersonate:revert', (message) => {
 *   const { kind, depth } = message as ScopeMessage;
 *   console.log(kind, depth); // Prints: runSync 1
 * });
 * token.runSync(() => fs.readFileSync('/srv/files/report.txt'));
 */
export interface ScopeMessage extends Identities {
  /** `runSync` for `token.runSync()`, `scope` for `token.impersonate()`. */
  readonly kind: 'runSync' | 'scope';
  /** The number of open scopes of the thread, this one included. A `withoutToken()` inside a scope counts as one. */
  readonly depth: number;
}

/**
 * The message of `impersonate:denied`: a file operation failed with `EACCES` or `EPERM`, or a token could not be
 * impersonated.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('impersonate:denied', (message) => {
 *   const { user, operation, path, code } = message as DeniedMessage;
 *   console.warn(`${user.id}: ${operation} ${path} failed with ${code}`);
 * });
 */
export interface DeniedMessage extends Identities {
  /**
   * `runSync`, `impersonate` or `run` for a token. For a file operation the name of libuv's call, or the name of the
   * synchronous function of node:fs.
   */
  readonly operation: string;
  /** The code of the error. */
  readonly code: string;
  /** The system call that failed. Absent if the error has none. */
  readonly syscall?: string;
  /** The path of a file operation. */
  readonly path?: string;
  /** The second path of an operation with two. */
  readonly dest?: string;
}

/**
 * The message of `impersonate:pool`: what happened, and the state of `poolStats()` then.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('impersonate:pool', (message) => {
 *   const { event, hung, waiting } = message as PoolMessage;
 *   console.warn(`${event}: ${hung} threads hang, ${waiting} calls wait`);
 * });
 */
export interface PoolMessage extends PoolStats {
  /**
   * `hung`: a call was aborted that the system has not returned from. `busy`: a call was rejected with `ERR_USER_BUSY`.
   */
  readonly event: 'hung' | 'busy';
}

/**
 * The message of `impersonate:leak`: a flow has ended and has left a handle open.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('impersonate:leak', (message) => {
 *   const { path, stack } = message as HandleLeakMessage;
 *   console.warn(`${path} is still open. It was opened at\n${stack}`);
 * });
 */
export interface HandleLeakMessage extends Identities {
  /** What has leaked: always a handle. A leaked scope ends the process and is not published. */
  readonly kind: 'handle';
  /** The path with which the handle was opened. */
  readonly path: string;
  /** The file descriptor. Absent for a directory. */
  readonly fd?: number;
  /** The call stack at which the handle was opened, one call a line. */
  readonly stack: string;
}

/**
 * The message of `impersonate:leak`.
 *
 * @example
 * const describe = (leak: LeakMessage) => `${leak.kind} ${leak.path}`;
 */
export type LeakMessage = HandleLeakMessage;

/**
 * The message of `impersonate:operation`: a declared operation has ended.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('impersonate:operation', (message) => {
 *   const { operation, user, outcome, duration } = message as OperationMessage;
 *   console.log(`${user?.id} ${operation} ${outcome} in ${duration} ms`);
 * });
 */
export interface OperationMessage {
  /** The name of the operation, such as `Files.read` or `GET /files`. */
  readonly operation: string;
  /** The identity of the process. */
  readonly process: Principal;
  /** The identity that the operation had; of one that was rejected, its caller. Absent if it has none. */
  readonly user?: Principal;
  /**
   * `ok`, or `error` if the operation or the stream that it returned failed. `denied` if it was rejected before any of its
   * code ran: without a caller, or at too low a level.
   */
  readonly outcome: 'ok' | 'denied' | 'error';
  /** The code of the error. Absent if there is none. */
  readonly code?: string;
  /** The milliseconds from the call until the result settled, a stream until it closed. */
  readonly duration: number;
}

/**
 * The message of `impersonate:unsealed`: a built-in was called without a token on a thread that `seal()` has sealed in the
 * mode `report`. `user` is the process's principal, as which the call continues.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * subscribe('impersonate:unsealed', (message) => {
 *   const { operation, path, stack } = message as UnsealedMessage;
 *   console.warn(`${operation} ${path} needs a token\n${stack}`);
 * });
 */
export interface UnsealedMessage extends Identities {
  /** The function or class, such as `fs.promises.readFile`. */
  readonly operation: string;
  /** The path of the operation. Absent if it has none. */
  readonly path?: string;
  /** The second path of an operation with two. */
  readonly dest?: string;
  /** The call stack of the call, one call a line. */
  readonly stack: string;
}

/**
 * The context of `tracing:impersonate:fs`: the same object for all events of an operation.
 *
 * @example
 * import { tracingChannel } from 'node:diagnostics_channel';
 * tracingChannel('impersonate:fs').error.subscribe((context) => {
 *   const { user, operation, path, error } = context as FsContext;
 *   console.warn(`${user.id}: ${operation} ${path}`, error);
 * });
 */
export interface FsContext extends Identities {
  /** The name of libuv's call, or the name of the synchronous function of node:fs. */
  readonly operation: string;
  /** The path of the operation. */
  readonly path?: string;
  /** The second path of an operation with two. */
  readonly dest?: string;
  /** The error of a failed operation, set before the event `error`. There is no `result`: it may be file content. */
  error?: unknown;
}
