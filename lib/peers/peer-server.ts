import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { asProcess } from '../internal/flow-store';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import { illegalConstructor, internal } from '../internal/private';
import type { Token } from '../token/token';
import { validateFunction } from '../internal/validate';
import type { Listener, ListenerEvents } from './endpoint';
import type { PeerServerOptions, Settings } from './options';

/**
 * Called for each connection, as the process.
 *
 * @param socket - The connection, which the listener owns.
 * @param token - The client's token. It is closed with the socket.
 * @example
 * const listener: PeerListener = (connection, user) => connection.end(`You are ${user.user.id}`);
 * using server = createPeerServer({}, listener);
 */
export type PeerListener = (socket: Socket, token: Token) => void;

/**
 * The events of a `PeerServer` and their arguments. All are emitted as the process and outside of every flow.
 *
 * @example
 * const logError = (...[error]: PeerServerEvents['clientError']) => console.error(error);
 * using server = createPeerServer().on('clientError', logError);
 */
export interface PeerServerEvents {
  /** A client has connected. The token is closed with the socket. */
  connection: [socket: Socket, token: Token];
  /**
   * The identity of a client was unavailable, or its socket failed without a listener for 'error'. The connection is
   * closed.
   */
  clientError: [error: Error];
  /** A connection was closed because `maxConnections` are open. */
  drop: [];
  /** The server has failed and accepts no more connections. */
  error: [error: Error];
  /** The server has stopped listening. */
  close: [];
}

/**
 * A server for processes of the same computer. Each connection arrives with the client's token. On Windows it listens
 * on a named pipe with a DACL, which is closed to other computers (CreateNamedPipeW); on Linux on a unix socket with a
 * mode. `createPeerServer()` makes it. It is used on the thread that made it. It listens, and emits its events, as the
 * process and outside of every flow, also if it was started in a scope or flow.
 *
 * @example
 * using server = createPeerServer();
 * server.on('connection', (connection, user) => {
 *   connection.end(user.runSync(() => fs.readFileSync('/srv/files/report.txt')));
 * });
 * await server.listen('/run/files.sock');
 */
export class PeerServer extends EventEmitter<PeerServerEvents> {
  readonly #settings: Settings;
  #listener: Listener | undefined;
  #path: string | null = null;
  #connections = 0;
  /** Identifies the latest `listen()`. The result of an earlier one, ended by `close()`, is discarded. */
  #attempt: object | undefined;

  /** @internal */
  constructor(key: symbol, settings: Settings) {
    if (key !== internal) throw illegalConstructor('PeerServer');
    super();
    this.#settings = settings;
  }

  /**
   * Returns the path that the server listens on.
   *
   * @returns The path that `listen()` got; null while the server does not listen.
   * @example
   * using server = createPeerServer();
   * console.log(server.address()); // Prints: null
   */
  address(): string | null {
    return this.#listener ? this.#path : null;
  }

  /** Whether the server listens. */
  get listening(): boolean {
    return this.#listener !== undefined;
  }

  /** The number of open connections. */
  get connections(): number {
    return this.#connections;
  }

  /**
   * Starts to listen on a named pipe (CreateNamedPipeW), or on a unix socket (bind, listen). A socket of a server that
   * ended without `close()` is replaced.
   *
   * @param path - `\\.\pipe\name` on Windows; on Linux a path of less than 108 bytes in a folder that the process can
   * write to.
   * @returns The server, when it listens.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with `ERR_SERVER_ALREADY_LISTEN`; with `ERR_SERVER_NOT_RUNNING` if `close()` is
   * called meanwhile; with `ERROR_ACCESS_DENIED` or `EADDRINUSE` if another server listens there; or with the system's
   * error.
   * @example
   * using server = await createPeerServer().listen('/run/files.sock');
   * console.log(server.listening); // Prints: true
   */
  listen(path: string): Promise<this> {
    return new Promise((resolve) => {
      const validate: (path: unknown) => void = deferred().validateAddress;
      validate(path);
      if (this.#path !== null) {
        throw new ImpersonationError(
          'listen() was called before and close() was not: close the server to listen on another path',
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

  /**
   * Stops listening before it returns, and then emits 'close'. Open connections stay open. A second call does nothing.
   *
   * @example
   * const server = createPeerServer();
   * process.once('SIGTERM', () => server.close());
   */
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

  /** Calls `close()`, for `using server = ...`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Makes the listening server keep the process alive, as it does by default.
   *
   * @returns The server.
   * @example
   * using server = createPeerServer().unref();
   * server.ref();
   */
  ref(): this {
    this.#listener?.ref();
    return this;
  }

  /**
   * Stops the listening server from keeping the process alive. Open connections still do.
   *
   * @returns The server.
   * @example
   * using server = createPeerServer().unref();
   */
  unref(): this {
    this.#listener?.unref();
    return this;
  }

  #start(path: string): Promise<Listener> {
    const events: ListenerEvents = {
      connected: (socket, token) => {
        this.#accept(socket, token);
      },
      failedClient: (error) => {
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
      const { listenOnPipe, listenOnUnixSocket } = deferred();
      const listen = native.port === 'win32' ? listenOnPipe : listenOnUnixSocket;
      resolve(listen(path, this.#settings, events));
    });
  }

  #started(attempt: object, listener: Listener): this {
    if (this.#attempt !== attempt) {
      listener.close();
      throw new ImpersonationError(
        'The server was closed before it started to listen',
        'ERR_SERVER_NOT_RUNNING',
      );
    }
    this.#listener = listener;
    return this;
  }

  #accept(socket: Socket, token: Token): void {
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
    // A client that disconnects must not end the process by an 'error' without a listener.
    socket.on('error', (error) => {
      if (socket.listenerCount('error') === 1) this.emit('clientError', error);
    });
    this.emit('connection', socket, token);
  }
}

/**
 * Makes a server whose connections arrive with the client's token. See `PeerServer`.
 *
 * @param options - Which processes may connect, and how many. By default only those of the process's user, and on
 * Windows of SYSTEM and the administrators.
 * @param listener - Added for the event 'connection'.
 * @returns The server, which does not listen yet.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for an option of the other system.
 * @example
 * using server = createPeerServer({}, (connection, user) => {
 *   connection.end(user.user.id);
 * });
 * await server.listen('/run/files.sock');
 */
export function createPeerServer(options: PeerServerOptions = {}, listener?: PeerListener): PeerServer {
  const server = new PeerServer(internal, deferred().toSettings(options));
  if (listener !== undefined) {
    validateFunction(listener, 'listener');
    server.on('connection', listener);
  }
  return server;
}
