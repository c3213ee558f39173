import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Negotiator } from '../negotiate/negotiator';
import type { Token } from '../token/token';
import { validateFunction } from '../internal/validate';
import { fail } from './answer';
import { Gate } from './gate';
import type { HttpAuthenticationOptions } from './options';

/** A request whose sender has proven who it is. */
export type AuthenticatedRequest = IncomingMessage & {
  /** Of this request alone: closed for you after the response. */
  readonly token: Token;
};

/**
 * A listener of node:http's and node:https's `request` that calls `handler` in the flow of the user who sent the
 * request, and asks for a proof (401, `WWW-Authenticate`) until there is one. See docs/integrated-authentication.md.
 *
 * If `handler` throws or rejects the response is 500, or cut off if it has begun; the error goes to `onError`, and
 * becomes an unhandled rejection if there is none.
 */
export function authenticate(
  negotiator: Negotiator,
  handler: (request: AuthenticatedRequest, response: ServerResponse) => unknown,
  options: HttpAuthenticationOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  validateFunction(handler, 'handler');
  const gate = new Gate(negotiator, options);
  return (request, response) => {
    gate.admit({
      request,
      response,
      proceed(act) {
        void new Promise((resolve) => {
          resolve(act(() => handler(request as AuthenticatedRequest, response)));
        }).catch((error: unknown) => {
          fail(request, response);
          if (!gate.report(error, request)) throw error;
        });
      },
    });
  };
}
