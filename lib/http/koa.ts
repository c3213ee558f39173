import type { IncomingMessage, ServerResponse } from 'node:http';
import { currentFlow, markAuthenticating, runInFlow } from '../internal/flow-store';
import type { Negotiator } from '../negotiate/negotiator';
import type { Token } from '../token/token';
import { Authenticator, type RequestAuthenticator } from './authenticator';
import type { HttpAuthenticationOptions } from './options';

// @ts-expect-error -- An error here, where nothing imports the module, and none in the emitted declarations.
declare module 'koa' {
  interface DefaultState {
    /** The user's token, set by `koaAuthentication`. It is closed after the response. */
    token?: Token;
  }
}

/**
 * The part of Koa's context that the middleware uses.
 *
 * @example
 * const userOf = ({ state }: KoaContext) => (state.token as Token).user.id;
 * koa.use(koaAuthentication(new NegotiateServer()));
 * koa.use((context) => (context.body = userOf(context)));
 */
export interface KoaContext {
  /** The request of node:http. */
  readonly req: IncomingMessage;
  /** The response of node:http. */
  readonly res: ServerResponse;
  /** The state of the request; the middleware sets `state.token`. */
  readonly state: Record<string, unknown>;
  /** The body that Koa sends after the middleware. */
  body: unknown;
  /** Set to false for a request that the middleware has responded to itself. */
  respond?: boolean | undefined;
}

/**
 * Middleware as Koa calls it.
 *
 * @example
 * const middleware: KoaMiddleware = koaAuthentication(new NegotiateServer());
 * koa.use(middleware);
 */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** The methods by which Koa reads a stream that it sends. */
const readMethods = ['pipe', 'read', Symbol.asyncIterator, 'next'];

/** Makes these methods of `source` run in the current flow, and those of an iterator that `source` returns. */
function readInFlow(source: unknown): void {
  if (typeof source !== 'object' || source === null) return;
  const flow = currentFlow() ?? null;
  for (const name of readMethods) {
    const method: unknown = Reflect.get(source, name);
    if (typeof method !== 'function') continue;
    Reflect.defineProperty(source, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => {
        const result: unknown = runInFlow(flow, () => Reflect.apply(method, source, args) as unknown);
        if (name === Symbol.asyncIterator) runInFlow(flow, readInFlow, result);
        return result;
      },
    });
  }
}

/** Reads a streamed body in the current flow. Koa sends it after all middleware has returned, outside of the flow. */
function sendInFlow({ body }: KoaContext): void {
  readInFlow(body instanceof Response ? body.body : body);
}

/**
 * Returns middleware for Koa that authenticates requests. Later middleware runs in the flow of the user, and streams in
 * `context.body` are read in it. The user's token is `context.state.token` and `context.req.token`; it is closed after
 * the response. A request of an unauthenticated client gets 401 with `WWW-Authenticate`, and goes no further.
 *
 * @param negotiator - The authentication scheme, such as a `NegotiateServer`.
 * @param options - How long a client stays authenticated, and where errors are reported.
 * @returns The middleware. Use one for the whole application: it keeps the authentication state of each connection.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @example
 * koa.use(koaAuthentication(new NegotiateServer()));
 * koa.use((context) => {
 *   context.body = fs.createReadStream('/srv/files/report.txt');
 * });
 */
export function koaAuthentication(
  negotiator: Negotiator,
  options: HttpAuthenticationOptions = {},
): KoaMiddleware {
  return koaMiddleware(new Authenticator(negotiator, options));
}

export function koaMiddleware(authenticator: RequestAuthenticator): KoaMiddleware {
  return markAuthenticating(
    (context, next) =>
      new Promise((resolve, reject) => {
        authenticator.authenticate({
          given: context,
          request: context.req,
          response: context.res,
          authenticated(run, token) {
            context.state.token = token;
            run(() => {
              next()
                .then(() => {
                  sendInFlow(context);
                })
                .then(resolve, reject);
            });
          },
          rejected() {
            context.respond = false;
            resolve();
          },
        });
      }),
  );
}
