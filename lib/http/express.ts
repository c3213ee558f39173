import type { IncomingMessage, ServerResponse } from 'node:http';
import { markAuthenticating } from '../internal/flow-store';
import type { Negotiator } from '../negotiate/negotiator';
import { Authenticator, type RequestAuthenticator } from './authenticator';
import type { HttpAuthenticationOptions } from './options';

/**
 * Middleware as Express and Connect call it.
 *
 * @example
 * const middleware: ExpressMiddleware = expressAuthentication(new NegotiateServer());
 * app.use('/files', middleware);
 */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Returns middleware for Express that authenticates requests. Later middleware and handlers run in the flow of the
 * user, whose token is `request.token`; the token is closed after the response. A request of an unauthenticated client
 * gets 401 with `WWW-Authenticate`, and `next` is not called.
 *
 * @param negotiator - The authentication scheme, such as a `NegotiateServer`.
 * @param options - How long a client stays authenticated, and where errors are reported.
 * @returns The middleware. Use one for the whole application: it keeps the authentication state of each connection.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @example
 * app.use(expressAuthentication(new NegotiateServer()));
 * app.get('/files', (request, response) => response.sendFile('/srv/files/report.txt'));
 */
export function expressAuthentication(
  negotiator: Negotiator,
  options: HttpAuthenticationOptions = {},
): ExpressMiddleware {
  return expressMiddleware(new Authenticator(negotiator, options));
}

export function expressMiddleware(authenticator: RequestAuthenticator): ExpressMiddleware {
  return markAuthenticating((request, response, next) => {
    authenticator.authenticate({
      given: request,
      request,
      response,
      authenticated(run) {
        run(next);
      },
    });
  });
}
