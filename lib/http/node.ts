import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Negotiator } from '../negotiate/negotiator';
import type { Token } from '../token/token';
import { promiseOf } from '../internal/error';
import { validateFunction } from '../internal/validate';
import { Authenticator, type RequestAuthenticator } from './authenticator';
import type { HttpAuthenticationOptions } from './options';
import { sendServerError } from './response';

declare module 'http' {
  interface IncomingMessage {
    /** The user's token, set by the authentication of `impersonate/http`. It is closed after the response. */
    token?: Token;
  }
}

/**
 * An authenticated request.
 *
 * @example
 * const describe = ({ method, url, token: user }: AuthenticatedRequest) => `${user.user.id} ${method} ${url}`;
 * const listener = authenticate(new NegotiateServer(), (request, response) => response.end(describe(request)));
 */
export type AuthenticatedRequest = IncomingMessage & {
  /** The user's token, for this request alone. It is closed after the response, so the handler does not close it. */
  readonly token: Token;
};

/**
 * Returns a listener for the event `request` of node:http and node:https that authenticates requests and calls
 * `handler` in the flow of the user. A request of an unauthenticated client gets 401 with `WWW-Authenticate`.
 *
 * If `handler` throws or rejects, the client gets 500, or the response is cut off if its headers have been sent. The
 * error goes to `onError`; without `onError` it is an unhandled rejection.
 *
 * @param negotiator - The authentication scheme, such as a `NegotiateServer`.
 * @param handler - A function, async or not. It and the events of the request and response run in the user's flow.
 * @param options - How long a client stays authenticated, and where errors are reported.
 * @returns The listener. Use one for the whole server: it keeps the authentication state of each connection.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @example
 * const listener = authenticate(new NegotiateServer(), async (request, response) => {
 *   response.end(await fs.promises.readFile('/srv/files/report.txt'));
 * });
 * http.createServer(listener).listen(80);
 */
export function authenticate(
  negotiator: Negotiator,
  handler: (request: AuthenticatedRequest, response: ServerResponse) => unknown,
  options: HttpAuthenticationOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  validateFunction(handler, 'handler');
  return nodeListener(new Authenticator(negotiator, options), (request, response) =>
    handler(request as AuthenticatedRequest, response),
  );
}

/** Returns a listener for the event `request` that handles requests in the flow of their user. */
export function nodeListener(
  authenticator: RequestAuthenticator,
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    authenticator.authenticate({
      given: request,
      request,
      response,
      authenticated(run) {
        void promiseOf(() => run(() => handler(request, response))).catch((error: unknown) => {
          sendServerError(request, response);
          if (!authenticator.report(error, request)) throw error;
        });
      },
    });
  };
}
