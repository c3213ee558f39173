import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { wrongValue } from '../internal/validate';
import type { ClientHandshakeLike } from '../negotiate/initiator';
import { Exchange } from './exchange';
import type { Settings } from './options';
import type { Owner } from './owner';
import { encrypt, isSslRequest, type Encryption } from './transport';

/** What decides how one stream connects. */
export interface Surroundings {
  readonly settings: Settings;
  readonly owner: Owner;
  readonly encryption: Encryption | undefined;
  /** Called after the event `connect` if the library expects to begin TLS itself. */
  readonly secured: (() => void) | undefined;
}

type Callback = (error?: Error | null) => void;

/**
 * A connection to a PostgreSQL server that authenticates by GSSAPI or SSPI, as the libraries use a `net.Socket`.
 * `gssStream()` makes the function that makes it.
 */
export class GssSocket extends Duplex {
  readonly #surroundings: Surroundings;
  readonly #socket: Socket;
  /** What carries the messages: the socket, or TLS over it. Undefined before it is ready. */
  #wire: Socket | undefined;
  #exchange: Exchange | undefined;
  /** Whether the exchange waits for its handshake, and needs no bytes. */
  #isHeld = false;
  #hasEnded = false;
  /** A write of the library that waits for the connection. */
  #waiting: (() => void) | undefined;

  constructor(surroundings: Surroundings) {
    super({ allowHalfOpen: false });
    this.#surroundings = surroundings;
    this.#socket = surroundings.owner.run(() => new Socket());
  }

  /** The state of the connection, as that of a `net.Socket`: `opening`, `open` or `closed`. */
  get readyState(): string {
    if (this.destroyed) return 'closed';
    return this.#wire ? 'open' : 'opening';
  }

  /**
   * Connects as the owner of the stream. The stream emits `connect` when messages can be sent, after TLS has begun.
   */
  connect(port: number, host = 'localhost'): this {
    const { owner, encryption } = this.#surroundings;
    if (typeof port !== 'number') {
      this.destroy(wrongValue('host', 'must be a host: PostgreSQL has no GSSAPI on Unix domain sockets'));
      return this;
    }
    const fail = (error: Error): void => {
      this.destroy(error);
    };
    owner.run(() => {
      this.#socket
        .on('error', fail)
        .on('close', () => {
          // The library may still have to read what came before the end.
          if (this.#hasEnded && !this.readableEnded) this.once('end', () => this.destroy());
          else this.destroy();
        })
        .once('connect', () => {
          if (!encryption) {
            this.#begin(this.#socket, host);
            return;
          }
          const started = (secure: Socket): void => {
            secure.on('error', fail).once('secureConnect', () => {
              this.#begin(secure, host);
            });
          };
          encrypt(this.#socket, host, encryption, started, fail);
        })
        .connect({ port, host });
    });
    return this;
  }

  setNoDelay(noDelay?: boolean): this {
    this.#socket.setNoDelay(noDelay);
    return this;
  }

  setKeepAlive(enable?: boolean, initialDelay?: number): this {
    this.#socket.setKeepAlive(enable, initialDelay);
    return this;
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }

  override _read(): void {
    if (!this.#isHeld) this.#wire?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    try {
      this.#surroundings.owner.requireOwner();
    } catch (error) {
      callback(error as Error);
      return;
    }
    const write = (): void => {
      // The reply would be that TLS has begun.
      if (this.#exchange && this.#surroundings.secured && isSslRequest(chunk)) callback();
      else if (this.#wire?.write(chunk)) callback();
      else this.#wire?.once('drain', callback);
    };
    if (this.#wire) write();
    else this.#waiting = write;
  }

  override _final(callback: Callback): void {
    (this.#wire ?? this.#socket).end(callback);
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#exchange?.close();
    this.#wire?.destroy();
    this.#socket.destroy();
    callback(error);
  }

  /** Begins the protocol over a connection that is ready. */
  #begin(wire: Socket, host: string): void {
    const { secured } = this.#surroundings;
    this.#exchange = new Exchange({
      begin: () => this.#handshake(host),
      send: (message) => void wire.write(message),
      deliver: (bytes) => {
        this.#deliver(bytes);
      },
      waiting: (isWaiting) => {
        this.#isHeld = isWaiting;
        if (isWaiting) wire.pause();
        else if (this.#hasEnded) this.push(null);
        else wire.resume();
      },
      authenticated: () => {
        this.#exchange = undefined;
      },
      failed: (error) => this.destroy(error),
    });
    this.#wire = wire
      .on('data', (bytes: Buffer) => {
        if (this.#exchange) this.#exchange.receive(bytes);
        else this.#deliver(bytes);
      })
      .on('end', () => {
        this.#hasEnded = true;
        if (!this.#isHeld) this.push(null);
      });
    this.emit('connect');
    secured?.();
    this.#waiting?.();
    this.#waiting = undefined;
  }

  #deliver(bytes: Buffer): void {
    if (!this.push(bytes)) this.#wire?.pause();
  }

  #handshake(host: string): ClientHandshakeLike {
    const { settings, owner } = this.#surroundings;
    const { negotiator, delegate, target = `postgres/${host}` } = settings;
    return owner.run(() => negotiator.handshake({ target, ...(delegate && { delegate }) }));
  }
}
