import type { Socket } from 'node:net';
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
