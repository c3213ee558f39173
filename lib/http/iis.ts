import type { IncomingMessage, ServerResponse } from 'node:http';
import { deferred } from '../internal/deferred';
import type { ImpersonationError } from '../internal/error';
import { quietToken } from '../internal/token-ref';
import { validateOptions } from '../internal/validate';
import type { IisOptions } from '../token/from-iis';
import { Token } from '../token/token';

/** Tokens that belong to their request. */
const ofRequests = new WeakSet<Token>();

/** Makes the token belong to the request that it was made for. Returns the token. */
export function closesAfterResponse(token: Token): Token {
  ofRequests.add(token);
  return token;
}

/** Closes a token that belongs to the request, after all listeners of the response's event 'close' have run. */
export function closeAfter(response: ServerResponse, token: Token): void {
  if (!ofRequests.has(token)) return;
  quietToken(token.ref());
  const close = (): void => {
    process.nextTick(() => {
      token.close();
    });
  };
  if (response.closed) close();
  else response.once('close', close);
}

/**
 * A request of node:http or Express, or what holds it in Fastify and Koa.
 *
 * @example
 * const userOf: (request: IisRequest) => Token | null = iisAuthentication();
 */
export type IisRequest =
  IncomingMessage | { readonly raw: IncomingMessage } | { readonly req: IncomingMessage };

function messageOf(request: IisRequest): IncomingMessage {
  if ('raw' in request) return request.raw;
  return 'rawHeaders' in request ? request : request.req;
}

/**
 * Returns a function for `actAs` that takes the user of a request from IIS, as `Token.fromIisRequest` does. The token is
 * closed after the response. Windows.
 *
 * @param options - The pairing token, if the environment does not have it.
 * @returns The function. It returns null for a request that IIS has not authenticated, and throws
 * `ERR_IIS_REQUEST_REFUSED` for one that does not come from the local IIS, which then gets 401.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @example
 * app.use(actAs(iisAuthentication()).express);
 * app.get('/files', (request, response) => response.sendFile('/srv/files/report.txt'));
 */
export function iisAuthentication(options: IisOptions = {}): (request: IisRequest) => Token | null {
  validateOptions(options, 'options', ['pairingToken']);
  const given = { ...options };
  return (request) => {
    const message = messageOf(request);
    try {
      return closesAfterResponse(Token.fromIisRequest(message, given));
    } catch (error) {
      const { code } = error as Partial<ImpersonationError>;
      const hasHandle = deferred().handleHeaders.some((name) => message.headers[name] !== undefined);
      if (code === 'ERR_IIS_REQUEST_REFUSED' && !hasHandle) return null;
      throw error;
    }
  };
}
