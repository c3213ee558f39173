// A program: what the examples meet outside of their own process. A back end over HTTPS and a database, which authenticate
// their clients, and the browsers of alice and bob. All of them use Integrated Authentication.
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { NegotiateClient, NegotiateServer, type Token } from 'impersonate';
import { authenticate, createNegotiateFetch } from 'impersonate/http';
import { cert, key } from '../network/certificate';
import { listen } from '../network/http-client';
import { request as ask, TestPostgres, type PostgresClient } from '../network/postgres';
import { world } from '../world/world';

export interface Reply {
  readonly status: number;
  readonly body: string;
}
export interface Request {
  readonly url: string;
  readonly user: 'alice' | 'bob' | undefined;
  readonly headers?: Record<string, string>;
}
export interface Servers {
  readonly backEnd: number;
  readonly database: number;
}

const nameOf = ({ user }: Token): string =>
  [world.alice, world.bob].find(({ id }) => id === user.id)?.key ?? `another: ${user.id}`;

const backEnd = createServer(
  { cert, key },
  authenticate(new NegotiateServer(), (request, response) => {
    response.end(`${request.url?.slice(1) ?? ''} of ${nameOf(request.token)}`);
  }),
);

const [gss, gssContinue] = [7, 8];
const ofDatabase = new NegotiateServer(
  process.platform === 'win32' ? {} : { principal: 'postgres@localhost' },
);

async function acceptGss(client: PostgresClient): Promise<string> {
  await client.write(ask(gss));
  const { body } = await client.read();
  const { reply, token } = await ofDatabase.handshake().step(body);
  if (!token) throw new Error('the handshake needs a second message');
  await client.write(...(reply ? [ask(gssContinue, reply)] : []), ask(0));
  const name = nameOf(token);
  token.close();
  return name;
}

/** Authenticates to a server whose handshake messages are lines of base64. Resolves to what it sends then. */
async function converse(port: number): Promise<Reply> {
  const handshake = new NegotiateClient().handshake({ target: 'HTTP/localhost' });
  const { message: first } = await handshake.step();
  const socket = connect(port, 'localhost');
  socket.setEncoding('utf8').write(`${first?.toString('base64') ?? ''}\n`);
  let received = '';
  for await (const part of socket) received += String(part);
  const [reply = '', ...rest] = received.split('\n');
  const { done } = await handshake.step(Buffer.from(reply, 'base64'));
  return { status: done ? 1 : 0, body: rest.join('\n') };
}

/** Sends a request as a browser does. It authenticates if it is asked to, and forwards the ticket. */
async function browse({ url, user, headers }: Request): Promise<Reply> {
  if (user === undefined) return replyOf(await fetch(url, { headers: headers ?? {} }));
  const { origin, protocol, port } = new URL(url);
  const send = protocol === 'tcp:' ? () => converse(Number(port)) : () => fetchAsUser(url, origin);
  try {
    if (process.platform === 'win32') {
      using token = await world[user].token();
      return await token.run(send);
    }
    process.env.KRB5CCNAME = process.env.IMPERSONATE_TEST_TICKETS?.replace('USER', user);
    return await send();
  } finally {
    delete process.env.KRB5CCNAME;
  }
}

async function fetchAsUser(url: string, origin: string): Promise<Reply> {
  const options = { client: new NegotiateClient(), origins: [origin], delegate: true };
  const negotiateFetch = createNegotiateFetch(options);
  try {
    return await replyOf(await negotiateFetch(url));
  } finally {
    await negotiateFetch.close();
  }
}

const replyOf = async (response: { status: number; text(): Promise<string> }): Promise<Reply> => ({
  status: response.status,
  body: await response.text(),
});

async function serve(): Promise<void> {
  const database = await TestPostgres.start({ ssl: 'S', authenticate: acceptGss });
  const servers: Servers = { backEnd: await listen(backEnd), database: database.port };
  let last: Promise<unknown> = Promise.resolve();
  // One at a time: the tickets are those of the process.
  process.on('message', (sent: Request) => {
    last = last
      .then(() => browse(sent))
      .catch((error: unknown) => ({ status: 0, body: String((error as Error).cause ?? error) }))
      .then((reply) => process.send?.(reply));
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.(servers);
}

void serve();
