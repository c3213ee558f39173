import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Negotiator } from '../negotiate/negotiator';
import { Gate } from './gate';
import type { HttpAuthenticationOptions } from './options';

/** What Express, Connect and the like take. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Middleware for Express: what comes after it runs in the flow of the user who sent the request, `request.token`. It
 * asks for a proof until there is one. See docs/integrated-authentication.md.
 */
export function expressAuthentication(
  negotiator: Negotiator,
  options: HttpAuthenticationOptions = {},
): ExpressMiddleware {
  const gate = new Gate(negotiator, options);
  return (request, response, next) => {
    gate.admit({
      request,
      response,
      proceed(act) {
        act(next);
      },
    });
  };
}
