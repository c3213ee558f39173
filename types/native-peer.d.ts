// What the native addon gives to lib/: see native.d.ts.

import type { Socket } from 'node:net';
import type { NativeLevel, TokenId } from './native';

/** A pipe that is being served; its functions do nothing once it is closed. */
export interface NativePipeServer {
  /** On return the pipe is gone, and nothing is called any more. */
  close(): void;
  ref(): void;
  unref(): void;
}

export interface NativePeer {
  /** Who is at the other end of an accepted connection, by its descriptor, which stays the caller's. */
  peerToken(fd: number): TokenId;
  /** The same for the one pipe of this thread's loop that `toggle` calls ref() or unref() of the handle of. Windows. */
  pipePeerToken(toggle: () => void): TokenId;
  /** Whose server a client's end is connected to: the SID of the pipe's owner, or a decimal uid. */
  serverOf(fd: number): string;
  /**
   * Serves a pipe, on a thread of its own; as the process. `open` makes a socket that takes the descriptor of a client
   * over; the descriptor is closed if it does not. `arrived` gets each client: why it has no token or no socket, or
   * null; its descriptor and its socket, or -1 and null; the token, or 0. `failed` tells that there are no more.
   */
  listenPipe(
    path: string,
    allow: readonly string[],
    securityDescriptor: string,
    open: (fd: number) => Socket,
    arrived: (error: Error | null, fd: number, socket: Socket | null, token: TokenId) => void,
    failed: (error: Error) => void,
  ): NativePipeServer;
  /**
   * Connects to a pipe on a thread of its own, as the process: a descriptor, the caller's to close. `unknownUntilWrite`
   * keeps the client unknown to the server until it writes; `timeout` is for a busy pipe, in milliseconds.
   */
  connectPipe(path: string, level: NativeLevel, unknownUntilWrite: boolean, timeout: number): Promise<number>;
}
