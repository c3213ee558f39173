// What the native addon gives to lib/: see native.d.ts.

import type { Socket } from 'node:net';
import type { NativeLevel, TokenId } from './native';

/** A named pipe that accepts connections. After `close()` the functions do nothing. */
export interface NativePipeServer {
  /** Closes the pipe before it returns. No callback is called after that. */
  close(): void;
  ref(): void;
  unref(): void;
}

export interface NativePeer {
  /** Returns the token of the client of an accepted connection. The caller keeps the descriptor. */
  peerToken(fd: number): TokenId;
  /**
   * Returns the token of a pipe's client. The pipe is the one of this thread's event loop whose ref() or unref()
   * `toggle` calls. Windows.
   */
  pipePeerToken(toggle: () => void): TokenId;
  /** Returns the user whose server a client is connected to: the SID of the pipe's owner, or a decimal uid. */
  serverOf(fd: number): string;
  /**
   * Serves a pipe on a thread of its own, as the process. `open` makes a socket that owns the descriptor of a client;
   * if it throws, the descriptor is closed. `connected` is called for each client with an error or null if there is no
   * token or no socket; with the descriptor and the socket, or -1 and null; and with the token, or 0. `failed` is
   * called when the server has failed and accepts no more clients.
   */
  listenPipe(
    path: string,
    allow: readonly string[],
    securityDescriptor: string,
    open: (fd: number) => Socket,
    connected: (error: Error | null, fd: number, socket: Socket | null, token: TokenId) => void,
    failed: (error: Error) => void,
  ): NativePipeServer;
  /**
   * Connects to a pipe on a thread of its own, as the process, and returns a descriptor that the caller closes. With
   * `unknownUntilWrite` the server cannot identify the client before the client writes. `timeout` in milliseconds
   * applies to a busy pipe.
   */
  connectPipe(path: string, level: NativeLevel, unknownUntilWrite: boolean, timeout: number): Promise<number>;
}
