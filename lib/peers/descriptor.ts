import { Socket } from 'node:net';
import { originals } from '../fs/node-fs';

/** A socket for a connection by its descriptor, which it takes over; closed if that fails. */
export function socketOf(fd: number): Socket {
  try {
    return new Socket({ fd, readable: true, writable: true });
  } catch (error) {
    originals.closeSync(fd);
    throw error;
  }
}
