// What the scenarios of servers have in common.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { actAs } from '../../dist/http.mjs';

/** Middleware for each framework: the header `user` names the user. */
export const acting = ({ users }) =>
  actAs(
    (request) => users.find(({ key }) => key === (request.headers ?? request.request.headers).user).token,
  );

/** Starts a server for `listener` and resolves to its port. */
export async function listen(listener) {
  const server = listener instanceof net.Server ? listener : http.createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server.address().port;
}

/** Sends a request as a user; resolves to the body. A status of an error is the code of the error. */
export async function send({ port, path = '/', user, method = 'GET', body, headers = {} }) {
  const request = http.request({
    host: '127.0.0.1',
    port,
    path,
    method,
    agent: false,
    headers: { user: user.key, ...headers },
  });
  const [response] = await once(request.end(body), 'response');
  const parts = [];
  for await (const part of response) parts.push(part);
  const text = Buffer.concat(parts).toString('latin1');
  if (response.statusCode < 400) return text;
  throw Object.assign(new Error(text), { code: response.statusCode });
}

/** Returns the body of a form with one file, and its headers. */
export function form(name, text) {
  const boundary = 'b0undary';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: text/plain\r\n\r\n`;
  return {
    body: `${head}${text}\r\n--${boundary}--\r\n`,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
