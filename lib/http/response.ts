import type { IncomingMessage, ServerResponse } from 'node:http';

/** The HTTP/2 error code HTTP_1_1_REQUIRED: the client is to retry over HTTP/1.1 (RFC 9113). */
const http11Required = 0xd;

/** Whether the response has been ended or destroyed. */
export function isEnded({ destroyed, writableEnded }: ServerResponse): boolean {
  return destroyed || writableEnded;
}

/**
 * Keeps shared caches from storing the response: sets `Cache-Control: private`, unless the header is set already, and adds
 * to Vary the names of the request's headers that the user may come from. A handler can replace both.
 */
export function keepPrivate(response: ServerResponse, sources: readonly string[]): void {
  if (response.headersSent || isEnded(response)) return;
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'private');
  const given = String(response.getHeader('Vary') ?? '');
  const names = given.split(',').map((name) => name.trim());
  const known = new Set(names.map((name) => name.toLowerCase()));
  if (known.has('*')) return;
  const missing = sources.filter((name) => !known.has(name.toLowerCase()));
  response.setHeader('Vary', [...names, ...missing].filter((name) => name !== '').join(', '));
}

/**
 * Sends a response without a body, unless the response has been ended meanwhile. A response whose headers have been
 * sent is cut off. The request's body is read and discarded, so that the connection can be used further.
 */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  request.resume();
  if (isEnded(response)) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The handler may have set it for a body, and it contradicts Content-Length.
  response.removeHeader('Transfer-Encoding');
  response.writeHead(status, { ...headers, 'Content-Length': '0' }).end();
}

/** Sends 401 with the scheme and, within a handshake, the server's message. */
export function sendChallenge(
  request: IncomingMessage,
  response: ServerResponse,
  scheme: string,
  reply?: Buffer,
): void {
  send(request, response, 401, { 'WWW-Authenticate': toAuthenticateHeader(scheme, reply) });
}

/** Returns the value of the header WWW-Authenticate. */
export function toAuthenticateHeader(scheme: string, reply?: Buffer): string {
  return reply?.length ? `${scheme} ${reply.toString('base64')}` : scheme;
}

/** Sends an error without a body. */
export function sendStatus(
  request: IncomingMessage,
  response: ServerResponse,
  status: 401 | 403 | 500,
): void {
  if (status === 500) sendServerError(request, response);
  else send(request, response, status);
}

/** Sends 500 without the headers that the failed handler has set. The server's handshake message is kept. */
export function sendServerError(request: IncomingMessage, response: ServerResponse): void {
  if (!response.headersSent) {
    const names = response.getHeaderNames().filter((name) => name !== 'www-authenticate');
    for (const name of names) response.removeHeader(name);
    response.statusMessage = '';
  }
  send(request, response, 500);
}

/** Closes the HTTP/2 stream of the request with HTTP_1_1_REQUIRED. */
export function requireHttp11(request: IncomingMessage): void {
  (request as { stream?: { close(code: number): void } }).stream?.close(http11Required);
}
