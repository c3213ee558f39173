import type { IncomingMessage, ServerResponse } from 'node:http';
import { runAsFlow } from '../flow/run';
import { deferred } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import { type Store, asProcess, currentStore, newFlow, runInFlow } from '../internal/flow-store';
import { validateBoolean, validateFunction, validateOptions, wrongType } from '../internal/validate';
import { TokenCache } from '../token/cache';
import { Token } from '../token/token';
import { type Exchange, type RequestAuthenticator, requireLevelForWork } from './authenticator';
import { expressMiddleware } from './express';
import { type FastifyHook, fastifyHook } from './fastify';
import { closeAfter, closesAfterResponse } from './iis';
import { type KoaContext, koaMiddleware } from './koa';
import { nodeListener } from './node';
import { isEnded, keepPrivate, sendStatus } from './response';

/**
 * How `actAs` treats requests.
 *
 * @example
 * const options: ActAsOptions = { cache: new TokenCache(), onError: (error) => console.error(error) };
 * app.use(actAs(() => 'alice', options).express);
 */
export interface ActAsOptions {
  /** Whether a request without a user gets 401, the default. If false, it is handled outside of every flow. */
  required?: boolean;
  /** Where the tokens of user names come from; by default each request calls `Token.forUser`. */
  cache?: TokenCache;
  /**
   * Whether responses have `Cache-Control: private` and `Vary: Authorization, Cookie`, unless a handler sets other values.
   * The default. If false, neither is set, and a shared cache may give one user's response to another.
   */
  cacheControl?: boolean;
  /**
   * Called as the process with the reason why a request was rejected, which the client does not receive, and with the
   * error that a handler of node:http threw.
   *
   * @param error - The reason.
   * @param request - The request as node received it.
   */
  onError?: (error: Error, request: IncomingMessage) => void;
}

/**
 * Returns whose request it is: a token, which stays the caller's; a name for `Token.forUser`; or null for no user.
 *
 * @param request - What the framework passes to its handlers: the request of node:http, Express or Fastify, or Koa's
 * context.
 * @example
 * const userOf: ResolveUser<http.IncomingMessage> = ({ headers }) => (headers.cookie ? 'alice' : null);
 * app.use(actAs(userOf).express);
 */
export type ResolveUser<R> = (
  request: R,
) => Token | string | null | undefined | Promise<Token | string | null | undefined>;

/**
 * Middleware for each framework that handles requests in the flow of their user.
 *
 * @example
 * const middleware: ActAs<http.IncomingMessage> = actAs(() => 'alice');
 * app.use(middleware.express);
 */
export interface ActAs<R> {
  /**
   * Returns a listener for the event `request` of node:http, node:https and node:http2. If `handler` throws or rejects,
   * the client gets 500, and the error goes to `onError`; without `onError` it is an unhandled rejection.
   */
  readonly node: (
    handler: (request: IncomingMessage & R, response: ServerResponse) => unknown,
  ) => (request: IncomingMessage & R, response: ServerResponse) => void;
  /** Middleware for `app.use()` of Express and Connect. */
  readonly express: (
    request: IncomingMessage & R,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ) => void;
  /** A hook for `fastify.addHook('onRequest', ...)`. */
  readonly fastify: (
    request: Parameters<FastifyHook>[0] & R,
    reply: Parameters<FastifyHook>[1],
    done: () => void,
  ) => void;
  /** Middleware for `app.use()` of Koa. */
  readonly koa: (context: KoaContext & R, next: () => Promise<unknown>) => Promise<void>;
}

/** Resolves the user of each request. */
class UserResolver implements RequestAuthenticator {
  readonly #resolve: ResolveUser<never>;
  readonly #options: ActAsOptions;

  constructor(resolve: ResolveUser<never>, options: ActAsOptions) {
    validateFunction(resolve, 'resolve');
    validateOptions(options, 'options', ['required', 'cache', 'cacheControl', 'onError']);
    const { required = true, cache, cacheControl = true, onError } = options;
    validateBoolean(required, 'options.required');
    validateBoolean(cacheControl, 'options.cacheControl');
    if (cache !== undefined && !(cache instanceof TokenCache))
      throw wrongType('options.cache', 'an instance of TokenCache', cache);
    if (onError !== undefined) validateFunction(onError, 'options.onError');
    this.#resolve = resolve;
    this.#options = { ...options, required, cacheControl };
  }

  authenticate(exchange: Exchange): void {
    if (this.#options.cacheControl) keepPrivate(exchange.response, ['Authorization', 'Cookie']);
    const store = currentStore();
    void asProcess(() =>
      this.#tokenOf(exchange.given)
        .then((token) => this.#continuationOf(exchange, token, store))
        .then(
          (next) => next,
          (error: unknown) => () => {
            this.#reject(exchange, error);
          },
        )
        .then((next) => {
          next();
        }),
    );
  }

  report(error: unknown, request: IncomingMessage): boolean {
    const { onError } = this.#options;
    if (onError) asProcess(() => onError(error as Error, request));
    return onError !== undefined;
  }

  async #tokenOf(given: object): Promise<Token | null> {
    const user = (await this.#resolve(given as never)) as unknown;
    if (user === null || user === undefined) return null;
    if (typeof user === 'string') {
      const { cache } = this.#options;
      return closesAfterResponse(await (cache ? cache.forUser(user) : Token.forUser(user)));
    }
    Token.validate(user, 'result of resolve()');
    return user;
  }

  /** Returns what continues the request. */
  #continuationOf(exchange: Exchange, token: Token | null, store: Store): () => void {
    const { request, response } = exchange;
    if (!token) {
      if (!this.#options.required)
        return () => {
          exchange.authenticated((fn) => runInFlow(store, fn));
        };
      return () => {
        exchange.rejected?.();
        sendStatus(request, response, 401);
      };
    }
    closeAfter(response, token);
    requireLevelForWork(token);
    if (isEnded(response)) {
      throw new ImpersonationError(
        'The response was ended before the user of the request was known, so the request is not handled',
        'ERR_HTTP_ANSWERED',
      );
    }
    const flow = newFlow(token, token.ref());
    Object.assign(request, { token });
    deferred().setRequestFlow([request, response], flow);
    return () => {
      exchange.authenticated((fn) => runInFlow(undefined, () => runAsFlow(flow, fn, [])), token);
    };
  }

  #reject(exchange: Exchange, error: unknown): void {
    const { request, response } = exchange;
    exchange.rejected?.();
    const { code } = (error ?? {}) as { code?: unknown };
    sendStatus(
      request,
      response,
      code === 'ERR_TOKEN_LEVEL' ? 403 : code === 'ERR_IIS_REQUEST_REFUSED' ? 401 : 500,
    );
    this.report(error, request);
  }
}

/**
 * Returns middleware that handles each request in the flow of its user, for servers that know the user already: by the
 * cookie of a session, a JSON Web Token, a client certificate or IIS. Events of the request and the response are in the
 * flow too. The token is `request.token`; in Koa `context.state.token`.
 *
 * `resolve` runs as the process. A token that it returns stays the caller's. A token that this function has made of a
 * name, or that `iisAuthentication()` returned, is closed after the response. If there is no user, the client gets 401.
 * If `resolve` or the logon fails, it gets 500, or 403 for a token that can only be inspected; the next handler is not
 * called, and the error goes to `onError`.
 *
 * @param resolve - Returns the user of a request, at once or as a promise.
 * @param options - What happens without a user, a cache of tokens, and where errors are reported.
 * @returns The middleware, one for each framework.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @example
 * const userOf = ({ headers }: http.IncomingMessage) => (headers.cookie === 'session=1' ? 'alice' : null);
 * app.use(actAs(userOf).express);
 * http.createServer(actAs(userOf).node((request, response) => response.end('Hello'))).listen(80);
 */
export function actAs<R = IncomingMessage>(resolve: ResolveUser<R>, options: ActAsOptions = {}): ActAs<R> {
  const resolver = new UserResolver(resolve, options);
  return {
    node(handler) {
      validateFunction(handler, 'handler');
      return nodeListener(resolver, handler as Parameters<typeof nodeListener>[1]);
    },
    express: expressMiddleware(resolver),
    fastify: fastifyHook(resolver),
    koa: koaMiddleware(resolver),
  };
}
