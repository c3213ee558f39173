import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { runAsFlow } from '../flow/run';
import { ImpersonationError } from '../internal/error';
import type { ImpersonationErrorCode } from '../internal/error-codes';
import { type Flow, asProcess, currentFlow, newFlow, runInFlow } from '../internal/flow-store';
import { internal } from '../internal/private';
import type { TokenRef } from '../internal/token-ref';
import type { HandshakeStep, Negotiator } from '../negotiate/negotiator';
import { Token } from '../token/token';
import { challenge, credentials, forbid, isAnswered, requireHttp11 } from './answer';
import { Connection } from './connection';
import { type HttpAuthenticationOptions, validateArguments } from './options';
import { isForwarded, readLeg } from './request';

/**
 * From now on every event of `emitter` is handled in the running flow. Requests and responses are driven by their
 * connection, whose own flow is the process's, or that of another request.
 */
export function emitInFlow(emitter: EventEmitter): void {
  const flow = currentFlow() ?? null;
  const emit = emitter.emit.bind(emitter);
  emitter.emit = (...args) => runInFlow(flow, emit, ...args);
}

/** One request at the gate. */
export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** It may pass: `act` calls a function in the user's flow, with the request's events in it, too. Once. */
  proceed(act: <R>(fn: () => R) => R, token: Token): void;
  /** It may not; the gate answers, or has answered. */
  refused?(): void;
}

function requireLevelForWork(token: Token): void {
  if (token.permitsWork) return;
  throw new ImpersonationError(
    'The client lets itself be looked at, but not acted as: its token is of a level below impersonation',
    'ERR_TOKEN_LEVEL',
  );
}

function requireOwnConnection({ shared }: Connection): void {
  if (!shared) return;
  throw new ImpersonationError(
    'A proof of several legs needs a connection of the client itself, and a proxy has forwarded the request',
    'ERR_HTTP_FORWARDED',
  );
}

/** Lets requests pass whose client has proven who it is, on the connection that they come by. */
export class Gate {
  readonly #negotiator: Negotiator;
  readonly #options: HttpAuthenticationOptions;
  readonly #connections = new WeakMap<Socket, Connection>();
  readonly #admitted = new WeakMap<IncomingMessage, Flow>();

  constructor(negotiator: Negotiator, options: HttpAuthenticationOptions) {
    validateArguments(negotiator, options);
    this.#negotiator = negotiator;
    this.#options = { ...options };
  }

  admit(visit: Visit): void {
    const { request } = visit;
    const admitted = this.#admitted.get(request);
    if (admitted) {
      // Once more in its flow: what is between may have lost it, or be in that of another request.
      visit.proceed((fn) => runInFlow(admitted, fn), admitted.token);
      return;
    }
    if (request.httpVersionMajor > 1) {
      requireHttp11(request);
      this.#refused(visit, 'A connection of HTTP/2 has no one user', 'ERR_HTTP_VERSION');
      return;
    }
    this.#admitTo(this.#connectionOf(request.socket), visit);
  }

  /** Tells `onError`, as the process. */
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

  #admitTo(connection: Connection, visit: Visit): void {
    const { request } = visit;
    if (connection.busy || connection.closed) {
      request.socket.destroy();
      this.#refused(visit, 'A request came before the one with the proof was answered', 'ERR_HTTP_PIPELINED');
      return;
    }
    if (isForwarded(request)) connection.shared = true;
    if (connection.shared) connection.forget();
    let leg: Buffer | undefined;
    try {
      leg = readLeg(request, this.#negotiator.scheme);
    } catch (error) {
      this.#challenge(connection, visit, error);
      return;
    }
    if (leg) this.#take(connection, visit, leg);
    else if (connection.identity) this.#enter(connection, visit, connection.identity);
    else this.#challenge(connection, visit);
  }

  /** Whoever was known before is forgotten at once. Finding out who it is now is the process's own business. */
  #take(connection: Connection, visit: Visit, leg: Buffer): void {
    connection.identity = undefined;
    connection.busy = true;
    void asProcess(() =>
      connection
        .answered()
        .then(() => {
          if (connection.closed) throw new ImpersonationError('The client has gone', 'ERR_HANDSHAKE_CLOSED');
          return connection.handshake(this.#negotiator).step(leg);
        })
        .then((step) => this.#judge(connection, visit, step))
        .then(
          (next) => next,
          (error: unknown) => () => this.#challenge(connection, visit, error),
        )
        .then((next) => {
          connection.busy = false;
          next();
        }),
    );
  }

  /** What is to be done next. */
  #judge(connection: Connection, visit: Visit, { token, reply }: HandshakeStep): () => void {
    const { request, response } = visit;
    const { scheme } = this.#negotiator;
    if (!token) {
      requireOwnConnection(connection);
      return () => {
        visit.refused?.();
        challenge(request, response, scheme, reply);
      };
    }
    connection.forget();
    try {
      if (connection.closed) throw new ImpersonationError('The client has gone', 'ERR_HANDSHAKE_CLOSED');
      requireLevelForWork(token);
      const tokenRef = token.ref();
      if (this.#options.persist !== 'request' && !connection.shared) connection.identity = tokenRef;
      return () => {
        if (reply && !response.headersSent)
          response.setHeader('WWW-Authenticate', credentials(scheme, reply));
        this.#enter(connection, visit, tokenRef);
      };
    } finally {
      token.close();
    }
  }

  #enter(connection: Connection, visit: Visit, tokenRef: TokenRef): void {
    const { request, response } = visit;
    if (isAnswered(response)) {
      this.#refused(visit, 'The request was answered before its sender was known', 'ERR_HTTP_ANSWERED');
      return;
    }
    const token = new Token(internal, tokenRef);
    const flow = newFlow(token, tokenRef);
    connection.serve(response, token);
    this.#admitted.set(request, flow);
    Object.assign(request, { token });
    visit.proceed(
      (fn) =>
        runAsFlow(flow, () => {
          emitInFlow(request);
          emitInFlow(response);
          return fn();
        }, []),
      token,
    );
  }

  #challenge(connection: Connection, visit: Visit, error?: unknown): void {
    connection.forget();
    visit.refused?.();
    const { request, response } = visit;
    if ((error as { code?: unknown } | undefined)?.code === 'ERR_TOKEN_LEVEL') forbid(request, response);
    else challenge(request, response, this.#negotiator.scheme);
    if (error !== undefined) this.report(error, request);
  }

  #refused(visit: Visit, message: string, code: ImpersonationErrorCode): void {
    visit.refused?.();
    this.report(new ImpersonationError(message, code), visit.request);
  }
}
