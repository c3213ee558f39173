import type { IncomingMessage, ServerResponse } from 'node:http';
import { markAuthenticating } from '../internal/flow-store';
import type { Negotiator } from '../negotiate/negotiator';
import type { Token } from '../token/token';
import { Authenticator, type RequestAuthenticator } from './authenticator';
import type { HttpAuthenticationOptions } from './options';

// @ts-expect-error -- An error here, where nothing imports the module, and none in the emitted declarations.
declare module 'fastify' {
  interface FastifyRequest {
    /** The user's token, set by `fastifyAuthentication`. It is closed after the response. */
    token?: Token;
  }
}

/**
 * A hook as `fastify.addHook('onRequest', ...)` takes it.
 *
 * @example
 * const hook: FastifyHook = fastifyAuthentication(new NegotiateServer());
 * fastify.addHook('onRequest', hook);
 */
export type FastifyHook = (
  request: { readonly raw: IncomingMessage },
  reply: { readonly raw: ServerResponse; hijack(): unknown },
  done: () => void,
) => void;

/**
 * Returns an `onRequest` hook for Fastify that authenticates requests. Later hooks, body parsing and the handler run in
 * the flow of the user, whose token is `request.token`; the token is closed after the response. A request of an
 * unauthenticated client gets 401 with `WWW-Authenticate`, and goes no further.
 *
 * @param negotiator - The authentication scheme, such as a `NegotiateServer`.
 * @param options - How long a client stays authenticated, and where errors are reported.
 * @returns The hook. Use one for the whole server: it keeps the authentication state of each connection.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @example
 * fastify.addHook('onRequest', fastifyAuthentication(new NegotiateServer()));
 * fastify.get('/files', () => fs.promises.readdir('/srv/files'));
 */
export function fastifyAuthentication(
  negotiator: Negotiator,
  options: HttpAuthenticationOptions = {},
): FastifyHook {
  return fastifyHook(new Authenticator(negotiator, options));
}

export function fastifyHook(authenticator: RequestAuthenticator): FastifyHook {
  return markAuthenticating((request, reply, done) => {
    authenticator.authenticate({
      given: request,
      request: request.raw,
      response: reply.raw,
      authenticated(run, token) {
        Object.assign(request, { token });
        run(done);
      },
      rejected() {
        reply.hijack();
      },
    });
  });
}
