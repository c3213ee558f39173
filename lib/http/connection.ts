import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tlsServerEndPoint } from '../negotiate/channel-bindings';
import type { ConnectionOptions, Handshake, Negotiator } from '../negotiate/negotiator';
import type { Token } from '../token/token';
import type { TokenRef } from '../internal/token-ref';

/** The authentication state of one connection. It ends with the connection. */
export class Connection {
  /** The user of requests without Authorization; undefined while the connection is unauthenticated. */
  user: TokenRef | undefined;
  /** Whether a handshake message is being processed. */
  isProcessing = false;
  /** Whether a proxy has sent a request on the connection: then a client is authenticated for a single request. */
  isShared = false;
  readonly #socket: Socket;
  #handshake: Handshake | undefined;
  /** The tokens of requests whose responses are pending. */
  readonly #tokens = new Set<Token>();
  #onIdle: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.once('close', () => {
      this.#close();
    });
  }

  /** Whether the connection is closed, so that no response can be sent. */
  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** Returns the handshake in progress, or begins one. */
  handshake(negotiator: Negotiator): Handshake {
    return (this.#handshake ??= negotiator.handshake(this.#bindings()));
  }

  /** Makes the connection unauthenticated and closes the handshake in progress. */
  reset(): void {
    this.user = undefined;
    this.#handshake?.close();
    this.#handshake = undefined;
  }

  /** Closes the token after the response has closed and all listeners of its 'close' event have run. */
  closeAfter(response: ServerResponse, token: Token): void {
    this.#tokens.add(token);
    response.once('close', () => {
      process.nextTick(() => {
        token.close();
        this.#tokens.delete(token);
        if (this.#tokens.size === 0) this.#onIdle?.();
      });
    });
  }

  /** Waits until no response is pending: the responses of a connection must not belong to two users. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#tokens.size === 0) resolve();
      else this.#onIdle = resolve;
    });
  }

  /** Returns the channel bindings of TLS: a hash of this server's certificate on the connection. */
  #bindings(): ConnectionOptions {
    const certificate = (this.#socket as Partial<TLSSocket>).getX509Certificate?.();
    const channelBindings = certificate && tlsServerEndPoint(certificate.raw);
    return channelBindings ? { channelBindings } : {};
  }

  #close(): void {
    this.reset();
    process.nextTick(() => {
      for (const token of this.#tokens) token.close();
      this.#tokens.clear();
      this.#onIdle?.();
    });
  }
}
