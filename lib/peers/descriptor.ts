import { Socket } from 'node:net';
import { originals } from '../fs/node-fs';

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
