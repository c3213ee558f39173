import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { asProcess } from '../internal/flow-store';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { illegalConstructor, internal } from '../internal/private';
import type { Token } from '../token/token';
import { validateFunction } from '../internal/validate';
import { validateAddress } from './endpoint';
import type { Arrivals, Listener } from './endpoint';
import { toSettings, type PeerServerOptions, type Settings } from './options';
import { listenOnPipe } from './pipe-listener';
import { listenOnUnixSocket } from './unix-listener';

/** Called for each connection. The token is closed with the socket. */
export type PeerListener = (socket: Socket, token: Token) => void;

/** What a PeerServer emits. */
export interface PeerServerEvents {
  connection: [socket: Socket, token: Token];
  /**
   * A client whose identity was not to be had, or whose connection broke while nobody listened for its 'error'; it is
   * closed.
   */
  clientError: [error: Error];
  /** A client more than `maxConnections`; its connection is closed. */
  drop: [];
  /** The server has ended by itself. */
  error: [error: Error];
  close: [];
}

/**
 * A server for processes of the same computer, whose connections arrive with their token: a named pipe with a DACL of
 * its own, closed to other computers (CreateNamedPipeW), or a unix socket with a mode. What arrives does so as the
 * process and in no flow, wherever the server was started.
 */
export class PeerServer extends EventEmitter<PeerServerEvents> {
  readonly #settings: Settings;
  #listener: Listener | undefined;
  #path: string | null = null;
  #connections = 0;
  /** The listen() whose outcome counts. */
  #attempt: object | undefined;

  /** @internal */
  constructor(key: symbol, settings: Settings) {
    if (key !== internal) throw illegalConstructor('PeerServer');
    super();
    this.#settings = settings;
  }

  /** Where it listens; null while it does not. */
  address(): string | null {
    return this.#listener ? this.#path : null;
  }

  get listening(): boolean {
    return this.#listener !== undefined;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections;
  }

  /**
   * Listens on `\\.\pipe\name`, or on a unix socket at that path. Rejects with ERROR_ACCESS_DENIED or EADDRINUSE if
   * somebody else does; the socket of a server that has ended without closing it is replaced.
   */
  listen(path: string): Promise<this> {
    return new Promise((resolve) => {
      validateAddress(path);
      if (this.#path !== null) {
        throw new ImpersonationError(
          'The server has been told to listen already',
          'ERR_SERVER_ALREADY_LISTEN',
        );
      }
      const attempt = {};
      this.#path = path;
      this.#attempt = attempt;
      resolve(
        asProcess(() => this.#start(path)).then(
          (listener) => this.#started(attempt, listener),
          (error: unknown) => {
            if (this.#attempt === attempt) this.#path = null;
            throw error;
          },
        ),
      );
    });
  }

  /** Nobody can connect any more. What is connected stays so. Does nothing the second time. */
  close(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#attempt = undefined;
    this.#path = null;
    if (!listener) return;
    asProcess(() => {
      listener.close();
    });
    process.nextTick(() => this.emit('close'));
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  ref(): this {
    this.#listener?.ref();
    return this;
  }

  /** The server alone does not keep the process alive. */
  unref(): this {
    this.#listener?.unref();
    return this;
  }

  #start(path: string): Promise<Listener> {
    const arrivals: Arrivals = {
      arrived: (socket, token) => {
        this.#admit(socket, token);
      },
      refused: (error) => {
        this.emit('clientError', error);
      },
      dropped: () => {
        this.emit('drop');
      },
      failed: (error) => {
        this.close();
        this.emit('error', error);
      },
    };
    return new Promise((resolve) => {
      const listen = native.port === 'win32' ? listenOnPipe : listenOnUnixSocket;
      resolve(listen(path, this.#settings, arrivals));
    });
  }

  #started(attempt: object, listener: Listener): this {
    if (this.#attempt !== attempt) {
      listener.close();
      throw new ImpersonationError('The server was closed before it listened', 'ERR_SERVER_NOT_RUNNING');
    }
    this.#listener = listener;
    return this;
  }

  #admit(socket: Socket, token: Token): void {
    if (this.#connections >= this.#settings.maxConnections) {
      token.close();
      socket.on('error', () => {}).destroy();
      this.emit('drop');
      return;
    }
    this.#connections += 1;
    socket.once('close', () => {
      this.#connections -= 1;
      token.close();
    });
    // A client must not be able to end the service by going away.
    socket.on('error', (error) => {
      if (socket.listenerCount('error') === 1) this.emit('clientError', error);
    });
    this.emit('connection', socket, token);
  }
}

/**
 * A server for processes of the same computer, which tells of each connection who it is: see PeerServer. `listener` is
 * called with every 'connection'.
 */
export function createPeerServer(options: PeerServerOptions = {}, listener?: PeerListener): PeerServer {
  const server = new PeerServer(internal, toSettings(options));
  if (listener !== undefined) {
    validateFunction(listener, 'listener');
    server.on('connection', listener);
  }
  return server;
}
