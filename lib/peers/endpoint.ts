import { Socket } from 'node:net';
import { originals } from '../fs/node-fs';
import { native } from '../internal/binding';
import { validateString, wrongValue } from '../internal/validate';
import type { Token } from '../token/token';

/** An open pipe or socket that accepts connections. */
export interface Listener {
  /** Stops accepting connections before it returns. */
  close(): void;
  ref(): void;
  unref(): void;
}

/** The callbacks of a listener. */
export interface ListenerEvents {
  /** A client has connected. The callee owns the socket and the token. */
  connected(socket: Socket, token: Token): void;
  /** The identity of a client is unavailable; its connection has been closed. */
  failedClient(error: Error): void;
  /** There were too many clients; the connection of this one has been closed. */
  dropped(): void;
  /** The listener has failed and accepts no more clients. */
  failed(error: Error): void;
}

/** The size of `sun_path` in sockaddr_un, in bytes, with the terminating null. */
export const socketPathLimit = 108;

/** Throws unless `path` is an address on this computer: `\\.\pipe\name` on Windows, a path elsewhere. */
export function validateAddress(path: unknown): asserts path is string {
  validateString(path, 'path');
  if (native.port === 'win32') {
    if (!/^\\\\[.?]\\pipe\\./i.test(path)) {
      throw wrongValue('path', 'must be the name of a pipe of this computer: \\\\.\\pipe\\...');
    }
  } else if (Buffer.byteLength(path) >= socketPathLimit) {
    throw wrongValue('path', `must be shorter than ${socketPathLimit} bytes`);
  }
}

/** Returns a socket that owns the descriptor. If the function throws, the caller still owns the descriptor. */
export function newSocket(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: true });
}

/** Returns a socket that owns the descriptor. If the function throws, the descriptor is closed. */
export function socketOrClose(fd: number): Socket {
  try {
    return newSocket(fd);
  } catch (error) {
    originals.closeSync(fd);
    throw error;
  }
}
