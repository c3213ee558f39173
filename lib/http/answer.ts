import type { IncomingMessage, ServerResponse } from 'node:http';

/** HTTP_1_1_REQUIRED: the client is to come again with HTTP/1.1 (RFC 9113). */
const http11Required = 0xd;

/** Whether nobody waits for an answer any more. */
export function isAnswered({ destroyed, writableEnded }: ServerResponse): boolean {
  return destroyed || writableEnded;
}

/** Unless somebody has answered meanwhile. The request's body is read and thrown away: the connection goes on. */
function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  request.resume();
  if (isAnswered(response)) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // Somebody may have meant to send a body: its end must not be told in two ways.
  response.removeHeader('Transfer-Encoding');
  response.writeHead(status, { ...headers, 'Content-Length': '0' }).end();
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

/** Without what the failed handler had to say; only the server's own proof goes out. */
export function fail(request: IncomingMessage, response: ServerResponse): void {
  if (!response.headersSent) {
    const names = response.getHeaderNames().filter((name) => name !== 'www-authenticate');
    for (const name of names) response.removeHeader(name);
    response.statusMessage = '';
  }
  answer(request, response, 500);
}

/** Gives the HTTP/2 stream back to the client. */
export function requireHttp11(request: IncomingMessage): void {
  (request as { stream?: { close(code: number): void } }).stream?.close(http11Required);
}
