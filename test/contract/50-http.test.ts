import http, { type ServerResponse } from 'node:http';
import { Token, runSync } from 'impersonate';
import {
  authenticate,
  expressAuthentication,
  type AuthenticatedRequest,
  type HttpAuthenticationOptions,
} from 'impersonate/http';
import { caught } from '../support/errors';
import { Client, listen, negotiate, sendRaw } from '../support/network/http-client';
import { until as eventually } from '../support/children/progress';
import { describeSwitching } from '../support/world/acting';
import { TestNegotiator } from '../support/network/negotiator';
import { world } from '../support/world/world';

type Handler = (request: AuthenticatedRequest, response: ServerResponse) => unknown;

/** Sends the effective identity: by the token of the flow, and by the kernel. */
function me(): string {
  return runSync(() => {
    const mine = [world.alice, world.bob].filter((who) => world.canOpen(who)).map((who) => who.key);
    return world.canOpenService() ? 'the service' : mine.join();
  });
}
const sendUser: Handler = (request, response) => {
  response.end(`${me()}, ${String(request.token === Token.current())}`);
};
const tick = (ms = 0): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Waits until the condition is true, and expects it. */
async function until(condition: () => boolean): Promise<void> {
  await eventually(condition);
  expect(condition()).toBe(true);
}

let negotiator: TestNegotiator;
let server: http.Server;
let port: number;
let errors: string[];
let clients: Client[];

const codeOf = (error: Error): string => (error as { code?: string }).code ?? error.message;

async function serve(handler: Handler = sendUser, options: HttpAuthenticationOptions = {}): Promise<void> {
  const onError = (error: Error): void => {
    expect(Token.current().user.id).toBe(world.serviceId);
    errors.push(codeOf(error));
  };
  server = http.createServer(authenticate(negotiator, handler, { onError, ...options }));
  port = await listen(server);
}

function client(): Client {
  const made = new Client(port);
  clients.push(made);
  return made;
}

beforeEach(() => {
  negotiator = new TestNegotiator();
  [errors, clients] = [[], []];
});
afterEach(() => {
  for (const each of clients) each.close();
  server.closeAllConnections();
  server.close();
});

const bare = { status: 401, challenge: 'Negotiate', body: '' };

describeSwitching('authenticate()', () => {
  test('requests authentication, and accepts it in one message', async () => {
    await serve();
    const one = client();
    expect(await one.send()).toEqual(bare);
    expect(await one.send({ message: 'i am alice' })).toEqual({
      status: 200,
      challenge: 'Negotiate welcome alice',
      body: 'alice, true',
    });
    expect(one.connections.size).toBe(1);
    expect(negotiator.open.size).toBe(0);
    expect(errors).toEqual([]);
  });

  test('accepts it in two messages on one connection, whose later requests are the user', async () => {
    await serve();
    const one = client();
    expect(await one.send({ message: 'hello' })).toEqual({
      status: 401,
      challenge: 'Negotiate challenge 0',
      body: '',
    });
    expect(await one.send({ message: 'i am bob 0' })).toMatchObject({ status: 200, body: 'bob, true' });
    expect(await one.send()).toEqual({ status: 200, challenge: undefined, body: 'bob, true' });
    expect(one.connections.size).toBe(1);
    expect(await client().send()).toEqual(bare);
  });

  test('a second message on another connection, or after another request, does not authenticate', async () => {
    await serve();
    const [one, other] = [client(), client()];
    await one.send({ message: 'hello' });
    expect(await other.send({ message: 'i am alice 0' })).toEqual(bare);
    expect(await one.send()).toEqual(bare);
    expect(await one.send({ message: 'i am alice 0' })).toEqual(bare);
    expect(negotiator.open.size).toBe(0);
  });

  test('keeps responses from shared caches, unless told otherwise', async () => {
    const seen = async (headers: Record<string, string> = {}): Promise<unknown[]> => {
      const response = await fetch(`http://127.0.0.1:${String(port)}`, { headers });
      await response.text();
      return [response.status, ...['cache-control', 'vary'].map((name) => response.headers.get(name))];
    };
    await serve((request, response) => {
      if (request.headers.own !== undefined) response.setHeader('Cache-Control', 'max-age=60');
      response.end();
    });
    const authorization = negotiate('i am alice');
    expect(await seen()).toEqual([401, 'private', 'Authorization']);
    expect(await seen({ authorization })).toEqual([200, 'private', 'Authorization']);
    expect(await seen({ authorization, own: '1' })).toEqual([200, 'max-age=60', 'Authorization']);
    server.closeAllConnections();
    server.close();
    await serve(sendUser, { cacheControl: false });
    expect(await seen({ authorization })).toEqual([200, null, null]);
  });

  test("persist: 'request' forgets the user after the authenticated request", async () => {
    await serve(sendUser, { persist: 'request' });
    const one = client();
    expect(await one.logon('alice')).toMatchObject({ status: 200, body: 'alice, true' });
    expect(await one.send()).toEqual(bare);
    expect(await one.logon('bob')).toMatchObject({ status: 200, body: 'bob, true' });
    expect(one.connections.size).toBe(1);
  });

  test("a handshake message on a user's connection forgets the user before it is checked", async () => {
    await serve();
    const one = client();
    await one.logon('alice');
    expect(await one.logon('bob')).toMatchObject({ body: 'bob, true' });
    expect(await one.send({ message: 'i am nobody' })).toEqual(bare);
    expect(await one.send()).toEqual(bare);
    await one.logon('alice');
    await one.send({ message: 'hello' });
    expect(await one.send()).toEqual(bare);
    expect(one.connections.size).toBe(1);
  });

  test.each([
    ['another scheme', 'Basic YWxpY2U6c2VjcmV0'],
    ['no base64', 'Negotiate a*b='],
    ['base64 cut short', 'Negotiate YWx'],
    ['no message', 'Negotiate'],
    ['two messages', `${negotiate('i am alice')} ${negotiate('i am bob')}`],
    ['two headers', [negotiate('i am alice'), negotiate('i am bob')]],
  ])('%s gets a new challenge, and forgets the user', async (_name, authorization) => {
    await serve();
    const one = client();
    await one.logon('alice');
    const { begun } = negotiator;
    expect(await one.send({ headers: { authorization } })).toEqual(bare);
    expect(negotiator.begun).toBe(begun);
    expect(await one.send()).toEqual(bare);
    expect(errors).toEqual(['ERR_INVALID_AUTHORIZATION']);
  });

  test('failed authentication gets a new challenge that does not show the reason', async () => {
    await serve();
    const one = client();
    await one.send({ message: 'hello' });
    expect(await one.send({ message: 'i am alice 17' })).toEqual(bare);
    expect(await one.send({ message: 'i am alice 0' })).toEqual(bare);
    expect(negotiator.open.size).toBe(0);
    negotiator.refusal = new Error('too many');
    expect(await one.send({ message: 'i am alice' })).toEqual(bare);
    expect(errors).toEqual(['no: i am alice 17', 'no: i am alice 0', 'too many']);
    expect(one.connections.size).toBe(1);
  });

  test('the scheme is not case-sensitive, and the body of a rejected request is discarded', async () => {
    await serve();
    const one = client();
    const body = 'x'.repeat(300_000);
    expect(await one.send({ method: 'POST', body })).toEqual(bare);
    const authorization = negotiate('i am bob').replace('Negotiate', 'nEGOTIATE');
    expect(await one.send({ method: 'POST', body, headers: { authorization } })).toMatchObject({
      body: 'bob, true',
    });
    expect(one.connections.size).toBe(1);
  });

  test("a header beyond Node's limit does not reach the handler", async () => {
    await serve();
    expect((await client().send({ message: 'x'.repeat(20_000) })).status).toBe(431);
    expect(negotiator.begun).toBe(0);
  });

  test('a client of identification level gets 403, and stays unauthenticated', async () => {
    const handler = jest.fn();
    await serve(handler);
    const one = client();
    expect(await one.send({ message: 'i am alice to look at' })).toEqual({
      status: 403,
      challenge: undefined,
      body: '',
    });
    expect(handler).toHaveBeenCalledTimes(0);
    expect(negotiator.tokens.map((token) => token.closed)).toEqual([true]);
    expect(errors).toEqual(['ERR_TOKEN_LEVEL']);
    expect(await one.send()).toEqual(bare);
  });

  test('a reply without a handshake message may be empty', async () => {
    await serve();
    negotiator.handshake = () => ({ step: () => Promise.resolve({}), close: () => {} });
    expect(await client().send({ message: 'hello' })).toEqual(bare);
  });
});

describeSwitching('requests forwarded by a proxy', () => {
  test.each([
    'Via',
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Real-IP',
    'Proxy-Connection',
    'CDN-Loop',
    'X-Forwarded',
    'X-Original-Forwarded-For',
  ])('%s: each authenticates in one message, and the connection is not tied to a user', async (name) => {
    await serve();
    const one = client();
    await one.logon('bob');
    const headers = { [name]: '1.1 proxy' };
    expect(await one.send({ headers })).toEqual(bare);
    expect(await one.send()).toEqual(bare);
    expect(await one.send({ message: 'hello' })).toEqual(bare);
    expect(await one.send({ message: 'i am alice', headers })).toMatchObject({ body: 'alice, true' });
    expect(await one.send()).toEqual(bare);
    expect(errors).toEqual(['ERR_HTTP_FORWARDED']);
    expect(one.connections.size).toBe(1);
    expect(negotiator.open.size).toBe(0);
  });
});

describeSwitching('pipelined requests', () => {
  const get = (message?: string, path = '/'): string =>
    `GET ${path} HTTP/1.1\r\nHost: x\r\n${message === undefined ? '' : `Authorization: ${negotiate(message)}\r\n`}\r\n`;

  test.each([
    ['a message', get('i am bob')],
    ['a request without one', get()],
  ])('%s behind a handshake message ends the connection, and no request is served', async (_name, second) => {
    const handler = jest.fn();
    await serve(handler);
    expect(await sendRaw(port, get('i am alice') + second)).toBe('');
    await until(() => negotiator.open.size === 0);
    expect(handler).toHaveBeenCalledTimes(0);
    expect(errors[0]).toBe('ERR_HTTP_PIPELINED');
  });

  test("a handshake message waits until the previous user's requests have been answered", async () => {
    const pending: (() => void)[] = [];
    const order: string[] = [];
    await serve((request, response) => {
      const name = me();
      order.push(`${name} ${request.url ?? ''}`);
      response.once('close', () => order.push(`${me()} closed`));
      if (request.url === '/slow') pending.push(() => response.end(name));
      else response.setHeader('Connection', request.url === '/last' ? 'close' : 'keep-alive').end(name);
    });
    negotiator.arrived = (message) => order.push(message);
    const sent = sendRaw(port, get('i am alice'), get(undefined, '/slow') + get('i am bob', '/last'));
    await until(() => pending.length === 1);
    await tick(20);
    expect(order).toEqual(['i am alice', 'alice /', 'alice closed', 'alice /slow']);
    pending[0]?.();
    expect(await sent).toContain('bob');
    await until(() => order.length === 8);
    expect(order.slice(4)).toEqual(['alice closed', 'i am bob', 'bob /last', 'bob closed']);
  });
});

describeSwitching('the resources of a request', () => {
  test('has a token of its own, which is closed once the response is over and its listeners have run', async () => {
    const tokens: Token[] = [];
    const closedAtEnd: boolean[] = [];
    await serve((request, response) => {
      tokens.push(request.token);
      for (const event of ['finish', 'close']) {
        response.on(event, () => closedAtEnd.push(request.token.closed, me() !== 'alice'));
      }
      response.end();
    });
    const one = client();
    await one.logon('alice');
    await one.send();
    await until(() => tokens.every((token) => token.closed));
    expect(new Set(tokens).size).toBe(2);
    expect(closedAtEnd).toEqual(Array.from({ length: 8 }, () => false));
    expect(caught(() => tokens[0]?.user).code).toBe('ERR_TOKEN_CLOSED');
  });

  test('a handler that closes its token closes it only for itself', async () => {
    await serve((request, response) => {
      request.token.close();
      response.end(me());
    });
    const one = client();
    await one.logon('bob');
    expect(await one.send()).toMatchObject({ status: 200, body: 'bob' });
  });

  test('a client that disconnects during a handshake or a response leaves nothing open', async () => {
    const tokens: Token[] = [];
    await serve((request, response) => {
      tokens.push(request.token);
      response.write('begun');
    });
    const [mid, waiting, aborted] = [client(), client(), client()];
    await mid.send({ message: 'hello' });
    const lost = [waiting.send({ message: 'wait' }), aborted.send({ message: 'i am alice' })];
    for (const each of lost) each.catch(() => {});
    await until(() => negotiator.begun === 3 && tokens.length === 1);
    expect(negotiator.open.size).toBe(2);
    expect(tokens[0]?.closed).toBe(false);
    for (const each of [mid, waiting, aborted]) each.close();
    await until(() => negotiator.open.size === 0 && tokens[0]?.closed === true);
    await Promise.allSettled(lost);
  });

  test('a token that arrives after the client has disconnected is closed, and no request is served', async () => {
    const handler = jest.fn();
    await serve(handler);
    const token = await world.alice.token();
    let go = (): void => {};
    negotiator.delay = new Promise((resolve) => (go = resolve));
    let [begun, closed] = [false, false];
    negotiator.handshake = () => ({
      step: async () => {
        begun = true;
        await negotiator.delay;
        return { token };
      },
      close: () => {
        closed = true;
      },
    });
    const one = client();
    const lost = one.send({ message: 'i am alice' });
    lost.catch(() => {});
    await until(() => begun);
    one.close();
    await until(() => closed);
    go();
    await tick(20);
    expect(handler).toHaveBeenCalledTimes(0);
    expect(token.closed).toBe(true);
    await Promise.allSettled([lost]);
  });

  test.each([
    ['throws', thrown],
    ['rejects', () => Promise.reject(new Error('mine'))],
  ])('a handler that %s gets a response, and its error is reported', async (_name, failure) => {
    await serve((request, response) => {
      if (request.url === '/begun') response.write('begun');
      return failure();
    });
    const one = client();
    expect(await one.send({ message: 'i am alice' })).toMatchObject({ status: 500, body: '' });
    expect(await one.send()).toMatchObject({ status: 500 });
    await expect(one.send({ path: '/begun' })).rejects.toThrow();
    expect(errors).toEqual(['mine', 'mine', 'mine']);
  });
});

function thrown(): never {
  throw new Error('mine');
}

describeSwitching('a response that others write to', () => {
  test('drops what a failed handler has set, and ends once', async () => {
    await serve((_request, response) => {
      response.statusMessage = 'Fine';
      response.setHeader('Set-Cookie', 'secret=1').setHeader('Transfer-Encoding', 'chunked');
      return thrown();
    });
    const message = `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${negotiate('i am bob')}\r\n\r\n`;
    const [head = '', body] = (await sendRaw(port, message)).split('\r\n\r\n');
    const [status, ...fields] = head.split('\r\n').filter((line) => !line.startsWith('Date: '));
    expect([status, body]).toEqual(['HTTP/1.1 500 Internal Server Error', '']);
    const proof = `WWW-Authenticate: ${negotiate('welcome bob')}`;
    expect(fields.sort()).toEqual(['Connection: close', 'Content-Length: 0', proof]);
  });

  test('that ended during authentication: the handler is not called, and the next one is', async () => {
    const handler = jest.fn(sendUser);
    await serve(handler);
    server.prependListener('request', (request, response) => {
      const end = (): unknown => response.writeHead(503, { 'Content-Length': '0' }).end();
      negotiator.arrived = request.url === '/late' ? end : undefined;
    });
    const one = client();
    expect((await one.send({ message: 'i am bob', path: '/late' })).status).toBe(503);
    await until(() => errors.length === 1);
    expect(errors).toEqual(['ERR_HTTP_ANSWERED']);
    expect(handler).toHaveBeenCalledTimes(0);
    expect(await one.send({ message: 'i am alice' })).toMatchObject({ status: 200, body: 'alice, true' });
    expect(one.connections.size).toBe(1);
  });

  test('ends once when it requests authentication, whatever else was to be sent', async () => {
    await serve();
    server.prependListener('request', (_request, response) => {
      response.setHeader('Transfer-Encoding', 'chunked').setHeader('X-Before', 'kept');
    });
    const reply = await sendRaw(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(reply).toContain('X-Before: kept\r\n');
    expect(reply).toContain('Content-Length: 0\r\n');
    expect(reply).not.toContain('Transfer-Encoding');
  });

  test('that began during authentication goes on, and the result of authentication does not end the process', async () => {
    await serve((_request, response) => {
      response.end(me());
    });
    server.prependListener('request', (_request, response) => {
      negotiator.arrived = () => response.write('begun by another, ended by ');
    });
    expect(await client().send({ message: 'i am bob' })).toEqual({
      status: 200,
      challenge: undefined,
      body: 'begun by another, ended by bob',
    });
  });

  test('middleware that runs twice is in the same flow, even if the flow was lost between', async () => {
    const lost: (() => void)[] = [];
    const middleware = expressAuthentication(negotiator);
    server = http.createServer((request, response) => {
      middleware(request, response, () => {
        if (request.url === '/first')
          lost.push(() =>
            middleware(request, response, () => sendUser(request as AuthenticatedRequest, response)),
          );
        else {
          for (const each of lost) each();
          sendUser(request as AuthenticatedRequest, response);
        }
      });
    });
    port = await listen(server);
    const first = client().send({ message: 'i am alice', path: '/first' });
    await until(() => lost.length === 1);
    expect(await client().send({ message: 'i am bob' })).toMatchObject({ body: 'bob, true' });
    expect(await first).toMatchObject({ body: 'alice, true' });
  });
});

test.each([
  ['negotiator', () => authenticate({} as never, sendUser)],
  ['negotiator', () => authenticate(undefined as never, sendUser)],
  ['handler', () => authenticate(new TestNegotiator(), undefined as never)],
  ['options.onError', () => authenticate(new TestNegotiator(), sendUser, { onError: 1 as never })],
  ['options.cacheControl', () => authenticate(new TestNegotiator(), sendUser, { cacheControl: 1 as never })],
  ['options.persist', () => authenticate(new TestNegotiator(), sendUser, { persist: 'user' as never })],
  ['options.trustProxy', () => authenticate(new TestNegotiator(), sendUser, { trustProxy: true } as never)],
])('a wrong %s is a TypeError that names it', (name, call) => {
  const error = caught(call);
  expect(error.name).toBe('TypeError');
  expect(error.message).toContain(`"${name}"`);
});
