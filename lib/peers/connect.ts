import type { Socket } from 'node:net';
import { deferred } from '../internal/deferred';
import { promiseOf } from '../internal/error';
import type { ImpersonationLevel } from '../token/open-token';

/**
 * What a client permits the server, and which server it accepts.
 *
 * @example
 * const options: ConnectPeerOptions = { level: 'identification', timeout: 1_000 };
 */
export interface ConnectPeerOptions {
  /**
   * The highest impersonation level that the server gets; `impersonation` by default. Linux has no other: every server
   * can read the credentials of its clients.
   */
  level?: ImpersonationLevel;
  /**
   * The user whose server is accepted: the SID of the pipe's owner, or the uid of the process that called listen(), 0
   * to 4,294,967,294. For any other server the promise rejects with `ERR_UNEXPECTED_SERVER`, and no data is sent. By
   * default every server is accepted.
   */
  server?: string | number;
  /** Milliseconds to wait while all instances of the pipe are busy, 0 to 2,147,483,647; 5,000 by default. Windows. */
  timeout?: number;
  /** Aborts the connection attempt. */
  signal?: AbortSignal;
}

/**
 * Connects to a server of this computer, as the process. On Windows the client chooses the impersonation level that the
 * server gets (CreateFileW with SECURITY_SQOS_PRESENT); with `net.connect()` every server gets level impersonation. On
 * Linux it calls connect().
 *
 * @param path - `\\.\pipe\name` on Windows; on Linux a path of less than 108 bytes.
 * @param options - The level, the expected server, and limits.
 * @returns The connected socket, which the caller owns.
 * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError Rejects with `ERR_UNEXPECTED_SERVER`; with `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for
 * another level on Linux; with the system's error, such as `ERROR_FILE_NOT_FOUND`, `ERROR_PIPE_BUSY` or `ECONNREFUSED`;
 * or with the reason of `signal`.
 * @example
 * using server = createPeerServer({}, (connection, user) => connection.end(user.user.id));
 * await server.listen('/run/files.sock');
 * const connection = await connectPeer('/run/files.sock', { timeout: 1_000 });
 */
export function connectPeer(path: string, options: ConnectPeerOptions = {}): Promise<Socket> {
  return promiseOf(() => deferred().connectTo(path, options));
}
