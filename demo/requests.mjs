import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

const concurrent = 64;

/**
 * Starts the server, calls `use` with a send(user, method, name, body) that resolves to { status, text }, and stops
 * the server.
 */
export async function withServer(server, use) {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrent });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const send = async (user, method, name, body) => {
    const headers = { 'x-user': user };
    const sent = request({ agent, port, host: '127.0.0.1', path: `/${name}`, method, headers }).end(body);
    const [response] = await once(sent, 'response');
    return { status: response.statusCode, text: await text(response) };
  };
  try {
    return await use(send);
  } finally {
    agent.destroy();
    server.close();
  }
}

/** Sends each request { user, name } many times, interleaved. Resolves to the distinct responses to each, as text. */
export async function sendAll(send, requests, times) {
  const responses = requests.map(() => new Set());
  const rounds = Array.from({ length: times }, () =>
    requests.map(async ({ user, name }, index) => {
      const { status, text } = await send(user, 'GET', name);
      responses[index].add(status === 200 ? text : String(status));
    }),
  );
  await Promise.all(rounds.flat());
  return responses.map((set) => [...set].join(' AND '));
}
