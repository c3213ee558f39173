import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Handshake, Negotiator } from '../negotiate/negotiator';
import type { Token } from '../token/token';
import type { TokenRef } from '../internal/token-ref';

/** What is known of the client at the other end of one connection. It ends with the connection. */
export class Connection {
  /** Who sends requests without a proof. */
  identity: TokenRef | undefined;
  /** Whether a leg is being looked at. */
  busy = false;
  /** Whether a proxy has sent its requests here: whoever proves himself does it for one request. */
  shared = false;
  readonly #socket: Socket;
  #handshake: Handshake | undefined;
  readonly #tokens = new Set<Token>();
  #answered: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.once('close', () => {
      this.#close();
    });
  }

  /** Whether nobody is there any more to be answered. */
  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** The one under way, or a new one. */
  handshake(negotiator: Negotiator): Handshake {
    return (this.#handshake ??= negotiator.handshake());
  }

  /** Nobody has proven anything. */
  forget(): void {
    this.identity = undefined;
    this.#handshake?.close();
    this.#handshake = undefined;
  }

  /** The token is closed once the response is over and everybody has been told. */
  serve(response: ServerResponse, token: Token): void {
    this.#tokens.add(token);
    response.once('close', () => {
      process.nextTick(() => {
        token.close();
        this.#tokens.delete(token);
        if (this.#tokens.size === 0) this.#answered?.();
      });
    });
  }

  /** Until what is done in this connection's name is done: a queue of its responses must not mix two users. */
  answered(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#tokens.size === 0) resolve();
      else this.#answered = resolve;
    });
  }

  #close(): void {
    this.forget();
    process.nextTick(() => {
      for (const token of this.#tokens) token.close();
      this.#tokens.clear();
      this.#answered?.();
    });
  }
}
