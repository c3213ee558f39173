import { createServer } from 'node:http';

const statuses = { EACCES: 403, EPERM: 403, ENOENT: 404, EEXIST: 409 };

/** A server that answers with what `handle(request)` gives: { status, body }; what a file call refuses is a status. */
export function serve(handle) {
  return createServer((request, response) => {
    Promise.resolve()
      .then(() => handle(request))
      .catch((error) => ({ status: statuses[error.code] ?? 500, body: String(error) }))
      .then(({ status = 200, body = '' }) => response.writeHead(status).end(body));
  });
}
