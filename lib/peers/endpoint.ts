import { Socket } from 'node:net';
import { originals } from '../fs/node-fs';
import { native } from '../internal/binding';
import { validateString, wrongValue } from '../internal/validate';
import type { Token } from '../token/token';

/** What is being listened on, until it is closed. */
export interface Listener {
  /** On return nobody can connect any more. */
  close(): void;
  ref(): void;
  unref(): void;
}

/** Where a listener takes what comes. */
export interface Arrivals {
  /** A client whose identity is known. Both are the callee's. */
  arrived(socket: Socket, token: Token): void;
  /** A client whose identity is not to be had; its connection is closed. */
  refused(error: Error): void;
  /** A client more than there is room for; its connection is closed. */
  dropped(): void;
  /** There will be no more clients. */
  failed(error: Error): void;
}

/** `sun_path` of sockaddr_un, with its end. */
export const socketPathLimit = 108;

/** Where a server of this computer can be: `\\.\pipe\name` on Windows, a path elsewhere. */
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

/** A socket for a connection by its descriptor, which it takes over; if that fails it stays the caller's. */
export function newSocket(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: true });
}

/** The same; closed if that fails. */
export function socketOf(fd: number): Socket {
  try {
    return newSocket(fd);
  } catch (error) {
    originals.closeSync(fd);
    throw error;
  }
}
