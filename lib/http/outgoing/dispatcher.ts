import type { File } from 'node:buffer';
import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { types } from 'node:util';
import { ImpersonationError } from '../../internal/error';
import { asProcess } from '../../internal/flow-store';
import type { BodySource } from './body';
import { type Caller, currentCaller } from './caller';
import { endToEnd } from './connection';
import { type NegotiateHttpOptions, toHttpSettings } from './options';
import { ResponseHandler, type DispatchHandler } from './response-handler';
import { Transport } from './transport';

/**
 * The options of a request, as undici's `dispatch()` has them. Others are ignored.
 *
 * @example
 * const options: DispatchOptions = { origin: 'https://api.example.com', path: '/me', method: 'GET' };
 */
export interface DispatchOptions {
  /** The origin of the server. */
  readonly origin: string | URL;
  /** The path, with the query. */
  readonly path: string;
  /** The method. */
  readonly method: string;
  /** The headers, in any form that undici accepts. */
  readonly headers?: unknown;
  /** The body, in any form that undici accepts. */
  readonly body?: unknown;
  /** Parameters that are added to the path. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  /** Not supported: the request fails with `ERR_HTTP_UPGRADE`. */
  readonly upgrade?: unknown;
}

function* headerPairs(headers: unknown): Generator<[unknown, unknown]> {
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    for (let index = 0; index + 1 < headers.length; index += 2) yield [headers[index], headers[index + 1]];
  } else if (typeof headers === 'object' && headers !== null) {
    yield* Symbol.iterator in headers ? (headers as Iterable<[unknown, unknown]>) : Object.entries(headers);
  }
}

const textOf = (value: unknown): string =>
  Buffer.isBuffer(value) ? value.toString('latin1') : String(value);

/** Returns headers in any form that undici accepts as a list of names and values in turn. */
function toList(headers: unknown): string[] {
  const list: string[] = [];
  for (const [name, value] of headerPairs(headers)) {
    if (value === undefined || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) list.push(textOf(name), textOf(one));
  }
  return list;
}

function withQuery(path: string, query: DispatchOptions['query']): string {
  if (!query) return path;
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
  return `${path}${path.includes('?') ? '&' : '?'}${parameters.toString()}`;
}

type FormEntries = Iterable<[string, string | File]>;

/** Returns the form as one of this realm: that of the package undici is a class of its own. */
function toForm(entries: FormEntries): FormData {
  const form = new FormData();
  for (const [name, value] of entries) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, value.name);
  }
  return form;
}

/** Returns a body in any form that undici accepts, with the type of its content if the form decides that. */
function toBody(body: unknown): { readonly source: BodySource; readonly type?: string | null } {
  if (body === undefined || body === null) return { source: null };
  if (typeof body === 'string') return { source: Buffer.from(body) };
  if (types.isAnyArrayBuffer(body)) return { source: Buffer.from(body) };
  if (ArrayBuffer.isView(body)) return { source: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
  if (body instanceof Blob) return { source: body.stream() };
  if (Object.prototype.toString.call(body) !== '[object FormData]')
    return { source: body as AsyncIterable<unknown> };
  const made = new Response(toForm(body as FormEntries));
  return { source: made.body, type: made.headers.get('content-type') };
}

/**
 * Sends the requests of `fetch()` and undici over connections that are authenticated as the effective identity of the
 * code that makes the request: the user of the flow or scope, else the process. It is a dispatcher of undici, from
 * version 6 on, and of Node's own `fetch()`; undici itself is not needed.
 *
 * If a server of `origins` responds with 401 and `WWW-Authenticate` for the client's scheme, the handshake follows on the same
 * connection, and the request is sent again. A response is passed on only if the server has proved its identity in the
 * handshake. Connections are shared within one identity and origin; the sockets themselves are the process's. HTTP/1.1
 * only. Each request is judged by its own origin: give a dispatcher the origins of one back end, so that a redirect to
 * another one is followed without credentials.
 *
 * @example
 * const dispatcher = new NegotiateDispatcher({ client: new NegotiateClient(), origins: ['https://api.example.com'] });
 * const response = await token.run(() => fetch('https://api.example.com/me', { dispatcher } as object));
 * console.log(response.status); // Prints: 200
 */
export class NegotiateDispatcher extends EventEmitter {
  readonly #transport: Transport;

  /**
   * @param options - The client, the servers that may get credentials, and limits.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   */
  constructor(options: NegotiateHttpOptions) {
    super();
    this.#transport = new Transport(toHttpSettings(options));
  }

  /** Whether `close()` or `destroy()` has been called. */
  get closed(): boolean {
    return this.#transport.closed;
  }

  /** The same as `closed`, as undici's dispatchers have it. */
  get destroyed(): boolean {
    return this.#transport.closed;
  }

  /**
   * Sends a request, as undici's functions and `fetch()` call it. The identity is that of this call. Errors are passed to
   * the handler: those of the client's handshake, of sockets, and `ERR_SERVER_UNPROVEN`, `ERR_HTTP_BODY_TOO_LARGE`,
   * `ERR_HTTP_TIMEOUT`, `ERR_HTTP_UPGRADE`, `ERR_CLIENT_CLOSED`, `ERR_HANDSHAKE_CLOSED`, `ERR_HANDSHAKE_TOO_LONG`.
   *
   * @param options - The request.
   * @param handler - undici's handler, in its old or its new form. Its methods run in the context of this call.
   * @returns True: further requests can be sent.
   * @example
   * const dispatcher = new NegotiateDispatcher({ client: new NegotiateClient(), origins: ['https://api.example.com'] });
   * token.run(() => {
   *   dispatcher.dispatch(
   *     { origin: 'https://api.example.com', path: '/me', method: 'GET' },
   *     { onRequestStart() {}, onResponseData: (controller, chunk) => console.log(String(chunk)) },
   *   );
   * });
   */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    return this.dispatchAs(currentCaller(), options, handler);
  }

  /** @internal `dispatch()` of another caller, which sends credentials to one origin only, if it is given. */
  dispatchAs(caller: Caller, options: DispatchOptions, handler: DispatchHandler, only?: string): boolean {
    const sink = new ResponseHandler(handler, caller);
    void asProcess(() =>
      this.#send(options, { caller, sink, only }).then(
        (response) => {
          sink.respond(response);
        },
        (error: unknown) => {
          sink.fail(error);
        },
      ),
    );
    return true;
  }

  /**
   * Closes the connections after their responses. New requests fail with `ERR_CLIENT_CLOSED`.
   *
   * @param callback - Called when all are closed, in place of a promise.
   * @returns A promise that resolves when all are closed.
   * @example
   * const dispatcher = new NegotiateDispatcher({ client: new NegotiateClient(), origins: ['https://api.example.com'] });
   * await dispatcher.close();
   */
  close(): Promise<void>;
  close(callback: () => void): void;
  close(callback?: () => void): Promise<void> | void {
    const closed = this.#transport.close();
    if (!callback) return closed;
    void closed.then(callback);
  }

  /**
   * Closes the connections at once. Pending requests fail.
   *
   * @param error - What they fail with; by default an error with the code `ERR_CLIENT_CLOSED`.
   * @param callback - Called when all are closed, in place of a promise.
   * @returns A promise that resolves when all are closed.
   * @example
   * const dispatcher = new NegotiateDispatcher({ client: new NegotiateClient(), origins: ['https://api.example.com'] });
   * await dispatcher.destroy();
   */
  destroy(error?: Error | null): Promise<void>;
  destroy(error: Error | null, callback: () => void): void;
  destroy(callback: () => void): void;
  destroy(error?: Error | null | (() => void), callback?: () => void): Promise<void> | void {
    this.#transport.destroy(error instanceof Error ? error : undefined);
    const closed = this.close();
    const done = typeof error === 'function' ? error : callback;
    if (!done) return closed;
    void closed.then(done);
  }

  async #send(
    { origin, path, method, headers, body, query, upgrade }: DispatchOptions,
    { caller, sink, only }: { caller: Caller; sink: ResponseHandler; only: string | undefined },
  ): Promise<IncomingMessage> {
    const url = new URL(origin);
    sink.start();
    if (upgrade || method.toUpperCase() === 'CONNECT') throw upgradeError();
    const { source, type } = toBody(body);
    const list = endToEnd(toList(headers), ...(type ? ['content-type'] : []));
    const request = {
      url,
      method,
      path: withQuery(path, query),
      headers: type ? [...list, 'Content-Type', type] : list,
      body: source,
      signal: sink.signal,
      mayAuthenticate: only === undefined || only === url.origin,
    };
    return this.#transport.send(request, caller);
  }
}

/** The error of a request that asks for a connection of its own. */
export function upgradeError(): ImpersonationError {
  return new ImpersonationError(
    'CONNECT and upgrades, such as to WebSocket, are not supported: their connection would leave the hands of the client',
    'ERR_HTTP_UPGRADE',
  );
}
