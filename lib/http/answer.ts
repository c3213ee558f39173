import type { IncomingMessage, ServerResponse } from 'node:http';

/** HTTP_1_1_REQUIRED: the client is to come again with HTTP/1.1 (RFC 9113). */
const http11Required = 0xd;

/** Unless somebody has answered meanwhile. The request's body is read and thrown away: the connection goes on. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  request.resume();
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { ...headers, 'Content-Length': '0' }).end();
}

/** What asks for a proof, or for the next leg of it. */
export function challenge(
  request: IncomingMessage,
  response: ServerResponse,
  scheme: string,
  reply?: Buffer,
): void {
  answer(request, response, 401, { 'WWW-Authenticate': credentials(scheme, reply) });
}

/** As WWW-Authenticate has it. */
export function credentials(scheme: string, reply?: Buffer): string {
  return reply?.length ? `${scheme} ${reply.toString('base64')}` : scheme;
}

export function forbid(request: IncomingMessage, response: ServerResponse): void {
  answer(request, response, 403);
}

export function fail(request: IncomingMessage, response: ServerResponse): void {
  answer(request, response, 500);
}

/** Gives the HTTP/2 stream back to the client. */
export function requireHttp11(request: IncomingMessage): void {
  (request as { stream?: { close(code: number): void } }).stream?.close(http11Required);
}
