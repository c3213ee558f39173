import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { runAsFlow } from '../flow/run';
import { deferred } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import type { ImpersonationErrorCode } from '../internal/error-codes';
import { type Flow, asProcess, newFlow, runInFlow } from '../internal/flow-store';
import { internal } from '../internal/private';
import type { TokenRef } from '../internal/token-ref';
import type { HandshakeStep, Negotiator } from '../negotiate/negotiator';
import { Token } from '../token/token';
import { Connection } from './connection';
import { type HttpAuthenticationOptions, validateArguments } from './options';
import { isForwarded, readMessage } from './request';
import {
  isEnded,
  keepPrivate,
  requireHttp11,
  sendChallenge,
  sendStatus,
  toAuthenticateHeader,
} from './response';

/** A request with its response, and the callbacks of the web framework that has received it. */
export interface Exchange {
  /** What the framework passes to its handlers: its request, or for Koa its context. */
  readonly given: object;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Called when the request is authenticated. `run` calls a function in the user's flow, once. */
  authenticated(run: <R>(fn: () => R) => R, token?: Token): void;
  /** Called when the request is rejected. The authenticator sends the response, or it has been sent. */
  rejected?(): void;
}

/** Throws ERR_TOKEN_LEVEL for a token that only permits inspection. */
export function requireLevelForWork(token: Token): void {
  if (token.permitsWork) return;
  throw new ImpersonationError(
    "The level of the client's token is below impersonation, which the client or its domain decides: the token can be inspected, and not acted as",
    'ERR_TOKEN_LEVEL',
  );
}

function requireOwnConnection({ isShared }: Connection): void {
  if (!isShared) return;
  throw new ImpersonationError(
    'The handshake takes several messages, and a proxy has forwarded the request: let clients connect directly, or use Kerberos, which takes one',
    'ERR_HTTP_FORWARDED',
  );
}

const closedError = (): ImpersonationError =>
  new ImpersonationError('The client closed the connection during the handshake', 'ERR_HANDSHAKE_CLOSED');

/** What decides whose flow a request is handled in. */
export interface RequestAuthenticator {
  /** Passes the request on in the flow of its user, at once or later, or rejects it. */
  authenticate(exchange: Exchange): void;
  /** Reports an error of a handler. Returns false if nothing receives it. */
  report(error: unknown, request: IncomingMessage): boolean;
}

/** Authenticates requests on the connection on which they arrive, and passes them on in the flow of their user. */
export class Authenticator implements RequestAuthenticator {
  readonly #negotiator: Negotiator;
  readonly #options: HttpAuthenticationOptions;
  readonly #connections = new WeakMap<Socket, Connection>();
  /** The flows of authenticated requests. */
  readonly #flows = new WeakMap<IncomingMessage, Flow>();

  constructor(negotiator: Negotiator, options: HttpAuthenticationOptions) {
    validateArguments(negotiator, options);
    this.#negotiator = negotiator;
    this.#options = { ...options };
  }

  authenticate(exchange: Exchange): void {
    const { request } = exchange;
    const flow = this.#flows.get(request);
    if (flow) {
      // The request passes through a second time: middleware in between may have lost its flow or run in another one.
      exchange.authenticated((fn) => runInFlow(flow, fn), flow.token);
      return;
    }
    if (request.httpVersionMajor > 1) {
      requireHttp11(request);
      this.#reject(
        exchange,
        'HTTP/2 is not supported, since its connections can carry the requests of several users: use HTTP/1.1',
        'ERR_HTTP_VERSION',
      );
      return;
    }
    if (this.#options.cacheControl !== false) keepPrivate(exchange.response, ['Authorization']);
    this.#authenticateOn(this.#connectionOf(request.socket), exchange);
  }

  /** Calls `onError` as the process. Returns false if there is none. */
  report(error: unknown, request: IncomingMessage): boolean {
    const { onError } = this.#options;
    if (onError) asProcess(() => onError(error as Error, request));
    return onError !== undefined;
  }

  #connectionOf(socket: Socket): Connection {
    const known = this.#connections.get(socket);
    if (known) return known;
    const connection = new Connection(socket);
    this.#connections.set(socket, connection);
    return connection;
  }

  #authenticateOn(connection: Connection, exchange: Exchange): void {
    const { request } = exchange;
    if (connection.isProcessing || connection.closed) {
      request.socket.destroy();
      this.#reject(
        exchange,
        'A request arrived on the connection before the handshake message of the previous one was processed',
        'ERR_HTTP_PIPELINED',
      );
      return;
    }
    if (isForwarded(request)) connection.isShared = true;
    if (connection.isShared) connection.reset();
    let message: Buffer | undefined;
    try {
      message = readMessage(request, this.#negotiator.scheme);
    } catch (error) {
      this.#challenge(connection, exchange, error);
      return;
    }
    if (message) this.#process(connection, exchange, message);
    else if (connection.user) this.#enter(connection, exchange, connection.user);
    else this.#challenge(connection, exchange);
  }

  /** Processes a handshake message as the process. From here on the connection's previous user is not used. */
  #process(connection: Connection, exchange: Exchange, message: Buffer): void {
    connection.user = undefined;
    connection.isProcessing = true;
    void asProcess(() =>
      connection
        .idle()
        .then(() => {
          if (connection.closed) throw closedError();
          return connection.handshake(this.#negotiator).step(message);
        })
        .then((step) => this.#continuationOf(connection, exchange, step))
        .then(
          (next) => next,
          (error: unknown) => () => this.#challenge(connection, exchange, error),
        )
        .then((next) => {
          connection.isProcessing = false;
          next();
        }),
    );
  }

  /** Returns what continues the request after a step of the handshake. */
  #continuationOf(connection: Connection, exchange: Exchange, { token, reply }: HandshakeStep): () => void {
    const { request, response } = exchange;
    const { scheme } = this.#negotiator;
    if (!token) {
      requireOwnConnection(connection);
      return () => {
        exchange.rejected?.();
        sendChallenge(request, response, scheme, reply);
      };
    }
    connection.reset();
    try {
      if (connection.closed) throw closedError();
      requireLevelForWork(token);
      const tokenRef = token.ref();
      if (this.#options.persist !== 'request' && !connection.isShared) connection.user = tokenRef;
      return () => {
        if (reply && !response.headersSent) {
          response.setHeader('WWW-Authenticate', toAuthenticateHeader(scheme, reply));
        }
        this.#enter(connection, exchange, tokenRef);
      };
    } finally {
      token.close();
    }
  }

  #enter(connection: Connection, exchange: Exchange, tokenRef: TokenRef): void {
    const { request, response } = exchange;
    if (isEnded(response)) {
      this.#reject(
        exchange,
        'The response was ended before the request was authenticated, so the request is not handled',
        'ERR_HTTP_ANSWERED',
      );
      return;
    }
    const token = new Token(internal, tokenRef);
    const flow = newFlow(token, tokenRef);
    connection.closeAfter(response, token);
    this.#flows.set(request, flow);
    Object.assign(request, { token });
    exchange.authenticated(
      (fn) =>
        runAsFlow(flow, () => {
          deferred().setRequestFlow([request, response], flow);
          return fn();
        }, []),
      token,
    );
  }

  #challenge(connection: Connection, exchange: Exchange, error?: unknown): void {
    connection.reset();
    exchange.rejected?.();
    const { request, response } = exchange;
    if ((error as { code?: unknown } | undefined)?.code === 'ERR_TOKEN_LEVEL')
      sendStatus(request, response, 403);
    else sendChallenge(request, response, this.#negotiator.scheme);
    if (error !== undefined) this.report(error, request);
  }

  #reject(exchange: Exchange, message: string, code: ImpersonationErrorCode): void {
    exchange.rejected?.();
    this.report(new ImpersonationError(message, code), exchange.request);
  }
}
