import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Negotiator } from '../negotiate/negotiator';
import { Gate } from './gate';
import type { HttpAuthenticationOptions } from './options';

/** What `fastify.addHook('onRequest', ...)` takes. */
export type FastifyHook = (
  request: { readonly raw: IncomingMessage },
  reply: { readonly raw: ServerResponse; hijack(): unknown },
  done: () => void,
) => void;

/**
 * An `onRequest` hook for Fastify: later hooks, body parsing and the handler run in the flow of the user who sent the
 * request, `request.token`. It asks for a proof until there is one. See docs/integrated-authentication.md.
 */
export function fastifyAuthentication(
  negotiator: Negotiator,
  options: HttpAuthenticationOptions = {},
): FastifyHook {
  const gate = new Gate(negotiator, options);
  return (request, reply, done) => {
    gate.admit({
      request: request.raw,
      response: reply.raw,
      proceed(act, token) {
        Object.assign(request, { token });
        act(done);
      },
      refused() {
        reply.hijack();
      },
    });
  };
}
