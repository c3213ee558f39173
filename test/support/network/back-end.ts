import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { Token } from 'impersonate';
import {
  authenticate,
  type AuthenticatedRequest,
  type ClientHandshakeLike,
  type ClientHandshakeOptions,
  type ClientNegotiator,
  type HttpAuthenticationOptions,
  type Negotiator,
} from 'impersonate/http';
import { world } from '../world/world';
import { listen } from './http-client';
import { TestNegotiator } from './negotiator';

/** The name by which the test's negotiators know a user; `service` for the process. */
export function keyOf(id: string): string {
  return [world.alice, world.bob].find((who) => who.id === id)?.key ?? 'service';
}

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();

/** Authenticates the effective identity to a TestNegotiator, in one or two messages, and expects its welcome. */
export class TestClient implements ClientNegotiator {
  readonly scheme = 'Negotiate';
  /** Handshakes that have not been closed. */
  readonly open = new Set<ClientHandshakeLike>();
  /** The options of all handshakes. */
  readonly begun: ClientHandshakeOptions[] = [];
  readonly #messages: 1 | 2;

  constructor(messages: 1 | 2 = 1) {
    this.#messages = messages;
  }

  handshake(options: ClientHandshakeOptions): ClientHandshakeLike {
    const who = keyOf(Token.current().user.id);
    this.begun.push(options);
    const steps = [
      ...(this.#messages === 2 ? [() => 'hello'] : []),
      (challenge = '') => `i am ${who}${challenge.replace('challenge', '')}`,
    ];
    const handshake: ClientHandshakeLike = {
      step: (bytes) => {
        const challenge = textOf(bytes);
        const next = steps.shift();
        if (next) return Promise.resolve({ message: Buffer.from(next(challenge)), done: false });
        if (challenge === `welcome ${who}`) return Promise.resolve({ done: true });
        return Promise.reject(new Error(`not the server: ${String(challenge)}`));
      },
      close: () => this.open.delete(handshake),
    };
    this.open.add(handshake);
    return handshake;
  }
}

/** A request as it arrived. */
export interface Arrival {
  readonly connection: Socket;
  readonly line: string;
  /** The handshake message; undefined without Authorization. */
  readonly message: string | undefined;
}

export interface BackEndOptions extends HttpAuthenticationOptions {
  /** The certificate and key of a server with TLS. */
  readonly tls?: https.ServerOptions;
  /** Paths that need no authentication. */
  readonly open?: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;
  readonly negotiator?: Negotiator;
}

type Handler = (request: AuthenticatedRequest, response: ServerResponse) => unknown;

/** A server that authenticates its clients, and records what arrives. */
export class BackEnd {
  readonly negotiator = new TestNegotiator();
  readonly arrivals: Arrival[] = [];
  /** The users of each connection, by the server. */
  readonly users = new Map<Socket, Set<string>>();
  /** Connections that are open. */
  readonly sockets = new Set<Socket>();
  /** The largest number of requests at a time on a connection. */
  most = 0;
  origin = '';
  readonly errors: unknown[] = [];
  readonly #server: http.Server;

  private constructor(handler: Handler, { tls, open = {}, negotiator, ...options }: BackEndOptions) {
    const busy = new Map<Socket, number>();
    const onError = (error: Error): unknown => this.errors.push(error);
    const listener = authenticate(negotiator ?? this.negotiator, handler, { onError, ...options });
    const receive = (request: IncomingMessage, response: ServerResponse): void => {
      this.#record(request);
      const count = (busy.get(request.socket) ?? 0) + 1;
      busy.set(request.socket, count);
      this.most = Math.max(this.most, count);
      response.once('close', () => busy.set(request.socket, (busy.get(request.socket) ?? 0) - 1));
      (open[request.url ?? ''] ?? listener)(request, response);
    };
    this.#server = tls ? https.createServer(tls, receive) : http.createServer(receive);
    // The client closes idle connections, not the server.
    this.#server.keepAliveTimeout = 120_000;
    this.#server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Starts a server. By default it sends the user of the request, and the body. */
  static async start(options: BackEndOptions = {}, handler?: Handler): Promise<BackEnd> {
    const made: BackEnd = new BackEnd(
      handler ?? ((request, response) => made.reply(request, response)),
      options,
    );
    const port = await listen(made.#server);
    made.origin = `http${options.tls ? 's' : ''}://${options.tls ? 'localhost' : '127.0.0.1'}:${String(port)}`;
    return made;
  }

  async reply(request: AuthenticatedRequest, response: ServerResponse): Promise<void> {
    const user = keyOf(request.token.user.id);
    const users = this.users.get(request.socket) ?? new Set();
    this.users.set(request.socket, users.add(user));
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += String(part);
    response.end(`${user}${body}`);
  }

  /** The messages that have arrived, with the method and path; `-` for none. */
  get lines(): string[] {
    return this.arrivals.map(({ line, message }) => `${line} ${message ?? '-'}`);
  }

  /** The number of connections on which requests have arrived. */
  get connections(): number {
    return new Set(this.arrivals.map(({ connection }) => connection)).size;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #record({ socket, method, url, headers }: IncomingMessage): void {
    const { authorization } = headers;
    const message = authorization?.startsWith('Negotiate ')
      ? Buffer.from(authorization.slice('Negotiate '.length), 'base64').toString()
      : authorization;
    this.arrivals.push({ connection: socket, line: `${String(method)} ${String(url)}`, message });
  }
}
