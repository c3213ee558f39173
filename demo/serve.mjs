import { createServer } from 'node:http';

const statuses = { EACCES: 403, EPERM: 403, ENOENT: 404, EEXIST: 409 };

/** Creates a server that sends the { status, body } of `handle(request)`. A file error is sent as its status. */
export function serve(handle) {
  return createServer((request, response) => {
    Promise.resolve()
      .then(() => handle(request))
      .catch((error) => ({ status: statuses[error.code] ?? 500, body: String(error) }))
      .then(({ status = 200, body = '' }) => response.writeHead(status).end(body));
  });
}
