import dns from 'node:dns';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { Token } from 'impersonate';
import { createNegotiateFetch, type NegotiateFetch, type NegotiateHttpOptions } from 'impersonate/http';
import { until } from '../support/children/progress';
import { caught, rejected } from '../support/errors';
import { BackEnd, type BackEndOptions, TestClient } from '../support/network/back-end';
import { listen } from '../support/network/http-client';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';

type LookupCallback = (error: null, found: readonly object[]) => void;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const end of ends.splice(0).reverse()) await end();
});

async function backEnd(
  options?: BackEndOptions,
  handler?: Parameters<typeof BackEnd.start>[1],
): Promise<BackEnd> {
  const started = await BackEnd.start(options, handler);
  ends.push(() => started.stop());
  return started;
}

function fetchOf(
  options: Partial<NegotiateHttpOptions> & Pick<NegotiateHttpOptions, 'origins'>,
): NegotiateFetch {
  const made = createNegotiateFetch({ client: new TestClient(), ...options });
  ends.push(() => made.close());
  return made;
}

const textOf = async (response: Promise<Response>): Promise<string> => (await response).text();
/** The message of the error that is the cause of fetch()'s TypeError, which in jest's realm is a copy without a code. */
async function causeOf(response: Promise<unknown>): Promise<string> {
  const { cause } = (await rejected(response)) as { cause?: { message: string } };
  return cause?.message ?? '';
}
const token = (text: string): string => `Negotiate ${Buffer.from(text).toString('base64')}`;

async function* partsOf(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}
const stream = (...parts: string[]): RequestInit =>
  ({ method: 'POST', body: partsOf(...parts), duplex: 'half' }) as unknown as RequestInit;

describeSwitching('createNegotiateFetch()', () => {
  freshTokens();

  test.each([1, 2] as const)(
    'authenticates as the user of the flow, in %d message(s) on one connection',
    async (messages) => {
      const server = await backEnd();
      const client = new TestClient(messages);
      const negotiateFetch = fetchOf({ client, origins: [server.origin] });
      expect(await alice.run(() => textOf(negotiateFetch(`${server.origin}/me`)))).toBe('alice');
      const proofs = messages === 1 ? ['i am alice'] : ['hello', 'i am alice 0'];
      expect(server.lines).toEqual(['-', ...proofs].map((message) => `GET /me ${message}`));
      expect(await alice.run(() => textOf(negotiateFetch(`${server.origin}/me`)))).toBe('alice');
      expect([server.connections, client.begun.length, client.open.size]).toEqual([1, 1, 0]);
      expect(client.begun[0]).toEqual({ target: 'HTTP/127.0.0.1', delegate: false });
    },
  );

  test('authenticates to a server that forgets the user after each request', async () => {
    const server = await backEnd({ persist: 'request' });
    const negotiateFetch = fetchOf({ origins: [server.origin] });
    for (const user of [alice, alice, bob])
      expect(await user.run(() => textOf(negotiateFetch(server.origin)))).toBe(
        user === bob ? 'bob' : 'alice',
      );
    expect(server.connections).toBe(2);
  });

  test('never sends requests of two users over one connection', async () => {
    const server = await backEnd();
    const negotiateFetch = fetchOf({ client: new TestClient(2), origins: [server.origin] });
    const ask = (user: Token): Promise<string> => user.run(() => textOf(negotiateFetch(server.origin)));
    expect([await ask(alice), await ask(bob), await ask(alice)]).toEqual(['alice', 'bob', 'alice']);
    expect(server.connections).toBe(2);
    for (let round = 0; round < 10; round++) {
      const users = Array.from({ length: 20 }, (_, index) => ((index * 7 + round) % 3 === 0 ? bob : alice));
      const seen = await Promise.all(users.map(ask));
      expect(seen).toEqual(users.map((user) => (user === bob ? 'bob' : 'alice')));
    }
    expect([...server.users.values()].filter((users) => users.size !== 1)).toEqual([]);
    expect(server.users.size).toBeGreaterThan(2);
    expect([server.most, server.errors]).toEqual([1, []]);
  });

  test('tokens of equal identities share connections, also with another object and after close()', async () => {
    const server = await backEnd();
    const negotiateFetch = fetchOf({ origins: [server.origin] });
    const copy = alice.duplicate();
    await copy.run(() => textOf(negotiateFetch(server.origin)));
    copy.close();
    expect(await alice.run(() => textOf(negotiateFetch(server.origin)))).toBe('alice');
    expect(server.connections).toBe(1);
  });

  test('a request that begins in a scope is of its user, though the scope ends first', async () => {
    const server = await backEnd();
    const negotiateFetch = fetchOf({ origins: [server.origin] });
    let pending: Promise<Response>;
    {
      using _scope = alice.impersonate();
      pending = negotiateFetch(server.origin);
    }
    expect(await textOf(pending)).toBe('alice');
  });

  test('an unauthenticated connection of one user is not used for another, and a public one for nobody', async () => {
    const server = await backEnd({ open: { '/public': (_request, response) => response.end('public') } });
    let allowed = true;
    const negotiateFetch = fetchOf({ origins: () => allowed });
    expect(await alice.run(() => textOf(negotiateFetch(`${server.origin}/public`)))).toBe('public');
    expect(await bob.run(() => textOf(negotiateFetch(server.origin)))).toBe('bob');
    expect(server.connections).toBe(2);
    allowed = false;
    expect(await alice.run(() => textOf(negotiateFetch(`${server.origin}/public`)))).toBe('public');
    expect(server.connections).toBe(3);
    allowed = true;
    // The first connection, which was alice's from its beginning.
    expect(await alice.run(() => textOf(negotiateFetch(server.origin)))).toBe('alice');
    expect([server.connections, ...[...server.users.values()].map(({ size }) => size)]).toEqual([3, 1, 1]);
  });

  test('sends credentials to origins of the list only', async () => {
    const server = await backEnd();
    const { port } = new URL(server.origin);
    const statusFor = async (...origins: string[]): Promise<number> => {
      const negotiateFetch = fetchOf({ origins });
      return alice.run(async () => (await negotiateFetch(server.origin)).status);
    };
    expect(await statusFor()).toBe(401);
    expect(await statusFor('http://127.0.0.1', 'http://localhost', `https://127.0.0.1:${port}`)).toBe(401);
    expect(await statusFor(`http://*.0.0.1:${port}`)).toBe(401);
    expect(server.lines).toEqual(Array(3).fill('GET / -'));
    expect(await statusFor('http://another', server.origin)).toBe(200);
  });

  test('takes a pattern for all hosts below a name, with its protocol and port', async () => {
    const server = await backEnd();
    const { port } = new URL(server.origin);
    jest.spyOn(dns, 'lookup').mockImplementation(((
      _host: string,
      _options: object,
      callback: LookupCallback,
    ) => {
      callback(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as never);
    const negotiateFetch = fetchOf({ origins: [`http://*.corp.example:${port}`, 'https://*.other.example'] });
    const statusOf = async (host: string): Promise<number> =>
      alice.run(async () => (await negotiateFetch(`http://${host}:${port}`)).status);
    expect(await Promise.all(['a.corp.example', 'B.a.Corp.example'].map(statusOf))).toEqual([200, 200]);
    const others = ['corp.example', 'acorp.example', 'corp.example.evil.example', 'a.other.example'];
    expect(await Promise.all(others.map(statusOf))).toEqual(Array(4).fill(401));
  });

  test.each<[object, string]>([
    [{}, 'ERR_INVALID_ARG_TYPE'],
    [{ origins: [] }, 'ERR_INVALID_ARG_TYPE'],
    ...[
      '*',
      'https://*',
      'api.example',
      'ftp://api.example',
      'https://api.example/path',
      'https://a@api.example',
      'https://a.*.b',
    ].map(
      (origin) =>
        [{ client: new TestClient(), origins: [origin] }, 'ERR_INVALID_ARG_VALUE'] as [object, string],
    ),
    [{ client: new TestClient(), origins: [], tls: { rejectUnauthorized: false } }, 'ERR_INVALID_ARG_VALUE'],
    [{ client: new TestClient(), origins: [], timeout: 0 }, 'ERR_INVALID_ARG_VALUE'],
  ])('does not accept the options %j', (options, code) => {
    expect(caught(() => createNegotiateFetch(options as never)).code).toBe(code);
  });

  test('a redirect to another origin carries nothing, even to one of the list', async () => {
    const other = await backEnd();
    const server = await backEnd({}, (_request, response) => {
      response.writeHead(307, { location: `${other.origin}/there` }).end();
    });
    const negotiateFetch = fetchOf({ origins: [server.origin, other.origin] });
    const response = await alice.run(() =>
      negotiateFetch(`${server.origin}/here`, { method: 'POST', body: '!' }),
    );
    expect([response.status, response.url]).toEqual([401, `${other.origin}/there`]);
    expect([server.lines, other.lines]).toEqual([
      ['POST /here -', 'POST /here i am alice'],
      ['POST /there -'],
    ]);
  });

  test('a redirect within the origin is authenticated', async () => {
    const server = await backEnd({}, (request, response) => {
      if (request.url === '/there') return server.reply(request, response);
      return response.writeHead(302, { location: '/there' }).end();
    });
    const negotiateFetch = fetchOf({ origins: [server.origin] });
    expect(await alice.run(() => textOf(negotiateFetch(`${server.origin}/here`)))).toBe('alice');
  });

  test("leaves a request's own Authorization alone, and keeps no connection of it", async () => {
    const server = await backEnd();
    const ask = (negotiateFetch: NegotiateFetch, authorization?: string): Promise<Response> =>
      alice.run(() =>
        negotiateFetch(server.origin, authorization === undefined ? {} : { headers: { authorization } }),
      );
    const allowed = fetchOf({ origins: [server.origin] });
    expect(await textOf(ask(allowed, token('i am bob')))).toBe('bob');
    expect(await textOf(ask(allowed))).toBe('alice');
    expect((await ask(allowed, 'Basic YTpi')).status).toBe(401);
    expect(server.lines).toEqual(
      ['i am bob', '-', 'i am alice', 'Basic YTpi'].map((message) => `GET / ${message}`),
    );
    const anonymous = fetchOf({ origins: [] });
    expect(await textOf(ask(anonymous, token('i am bob')))).toBe('bob');
    expect((await ask(anonymous)).status).toBe(401);
    expect(server.connections).toBe(5);
  });

  test('returns the 401 of a server that refuses the user, or offers another scheme only', async () => {
    const server = await backEnd({
      open: {
        '/basic': (_request, response) =>
          response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Negotiate"' }).end(),
        '/unclosed': (_request, response) =>
          response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="\\", Negotiate' }).end(),
      },
    });
    const negotiateFetch = fetchOf({ origins: [server.origin] });
    const status = async (path: string): Promise<number> =>
      (await negotiateFetch(`${server.origin}${path}`)).status;
    // The process itself is nobody that the server knows.
    expect(await status('/')).toBe(401);
    expect(server.lines).toEqual(['GET / -', 'GET / i am service']);
    expect(await status('/basic')).toBe(401);
    expect(await status('/unclosed')).toBe(401);
    expect(server.lines.slice(2)).toEqual(['GET /basic -', 'GET /unclosed -']);
  });

  test.each([
    ['no proof', undefined],
    ['another proof', token('welcome bob')],
    ['a request to begin', 'Negotiate'],
    ['two proofs', `${token('welcome alice')}, ${token('welcome alice')}`],
  ])('discards the response of a server with %s', async (_name, proof) => {
    const sockets = new Set<unknown>();
    const server = createServer((request, response) => {
      sockets.add(request.socket);
      request.socket.once('close', () => sockets.delete(request.socket));
      const isFirst = request.headers.authorization === undefined;
      const header = isFirst ? 'Negotiate' : proof;
      if (header !== undefined) response.setHeader('WWW-Authenticate', header);
      response.writeHead(isFirst ? 401 : 200).end('forged');
    });
    const origin = `http://127.0.0.1:${String(await listen(server))}`;
    ends.push(() => server.close());
    const client = new TestClient();
    const negotiateFetch = fetchOf({ client, origins: [origin] });
    const error = await causeOf(alice.run(() => textOf(negotiateFetch(origin))));
    if (proof?.includes(Buffer.from('welcome bob').toString('base64')))
      expect(error).toContain('not the server: welcome bob');
    else expect(error).toContain('without proving its identity');
    await until(() => sockets.size === 0);
    expect([sockets.size, client.open.size]).toEqual([0, 0]);
  });

  const unauthorized = 'HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n';
  const forged = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged';
  test.each<[string, string, string]>([
    ['a response to a request that has not been sent', `${unauthorized}${forged}`, ''],
    ['a response after another one', unauthorized, `${unauthorized}${forged}`],
    [
      'another protocol',
      unauthorized,
      'HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nforged',
    ],
    ['headers without end', unauthorized, `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(70_000)}`],
    ['interim responses only', unauthorized, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(50)],
    [
      'a proof in the trailers',
      unauthorized,
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: WWW-Authenticate\r\n\r\n6\r\nforged\r\n0\r\nWWW-Authenticate: ${token('welcome alice')}\r\n\r\n`,
    ],
    ['no HTTP', unauthorized, 'forged\r\n\r\n'],
  ])('a hostile server with %s is not heard', async (_name, ...replies) => {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      const left = [...replies];
      sockets.add(socket.on('error', () => {}).once('close', () => sockets.delete(socket)));
      socket.on('data', () => {
        const reply = left.shift() ?? '';
        if (left.length > 0) socket.write(reply);
        else socket.end(reply);
      });
    });
    const origin = `http://127.0.0.1:${String(await listen(server))}`;
    ends.push(() => server.close());
    const client = new TestClient();
    const negotiateFetch = fetchOf({ client, origins: [origin] });
    // An error, or the 401 without a body.
    expect(await alice.run(() => textOf(negotiateFetch(origin))).catch(() => '')).toBe('');
    await negotiateFetch.close();
    await until(() => sockets.size === 0);
    expect([sockets.size, client.open.size]).toEqual([0, 0]);
  });

  test('sends a streamed body again, up to a limit, and runs its source as the user', async () => {
    const server = await backEnd();
    const negotiateFetch = fetchOf({
      client: new TestClient(2),
      origins: [server.origin],
      maxBufferedBody: 6,
    });
    const users: string[] = [];
    async function* source(): AsyncGenerator<Uint8Array> {
      for await (const part of partsOf(' one', ' 2')) {
        users.push(Token.current().user.id);
        yield part;
      }
    }
    const init = { method: 'POST', body: source(), duplex: 'half' } as unknown as RequestInit;
    expect(await alice.run(() => textOf(negotiateFetch(server.origin, init)))).toBe('alice one 2');
    expect(users).toEqual([alice.user.id, alice.user.id]);
    const before = server.lines.length;
    expect(await causeOf(alice.run(() => negotiateFetch(server.origin, stream(' one', ' two'))))).toContain(
      'stream of more than',
    );
    expect(server.lines.length).toBe(before);
  });

  test('preemptive: each request has a message at once, and a body of any size', async () => {
    const server = await backEnd();
    const client = new TestClient();
    const negotiateFetch = fetchOf({
      client,
      origins: [server.origin],
      preemptive: true,
      maxBufferedBody: 1,
    });
    expect(await alice.run(() => textOf(negotiateFetch(server.origin, stream(' one', ' two'))))).toBe(
      'alice one two',
    );
    expect(await alice.run(() => textOf(negotiateFetch(server.origin)))).toBe('alice');
    expect(server.lines).toEqual(['POST / i am alice', 'GET / i am alice']);
    expect([server.connections, client.open.size]).toEqual([1, 0]);
    const two = fetchOf({
      client: new TestClient(2),
      origins: [server.origin],
      preemptive: true,
      maxBufferedBody: 1,
    });
    expect(await causeOf(alice.run(() => two(server.origin, stream(' one', ' two'))))).toContain(
      'stream of more than',
    );
  });

  test('an abort ends the request in each phase, and closes its connection and handshake', async () => {
    const server = await backEnd({}, (request, response) => {
      if (request.url === '/body') response.write('begun');
    });
    const client = new TestClient();
    const negotiateFetch = fetchOf({ client, origins: [server.origin] });
    for (const path of ['/', '/body']) {
      const controller = new AbortController();
      const pending = alice.run(() =>
        textOf(negotiateFetch(`${server.origin}${path}`, { signal: controller.signal })),
      );
      await until(
        () => server.lines.at(-1) === `GET ${path} i am alice` && server.negotiator.open.size === 0,
      );
      controller.abort();
      expect((await rejected(pending)).name).toBe('AbortError');
      await until(() => server.sockets.size === 0);
      expect([server.sockets.size, client.open.size]).toEqual([0, 0]);
    }
  });

  test('closes connections that are idle, and all with close()', async () => {
    const server = await backEnd();
    const idle = fetchOf({ origins: [server.origin], idleTimeout: 20 });
    await alice.run(() => textOf(idle(server.origin)));
    await until(() => server.sockets.size === 0);
    expect(server.sockets.size).toBe(0);
    const negotiateFetch = fetchOf({ origins: [server.origin] });
    await alice.run(() => textOf(negotiateFetch(server.origin)));
    expect(server.sockets.size).toBe(1);
    await negotiateFetch.close();
    await until(() => server.sockets.size === 0);
    expect(server.sockets.size).toBe(0);
    expect(await causeOf(negotiateFetch(server.origin))).toContain('client has been closed');
  });

  test('repeats a request without side effects if its kept connection turns out to be closed', async () => {
    const server = await backEnd({}, async (request, response) => {
      if (server.users.has(request.socket)) request.socket.destroy();
      else await server.reply(request, response);
    });
    const negotiateFetch = fetchOf({ origins: [server.origin] });
    const ask = (method: string): Promise<string> =>
      alice.run(() => textOf(negotiateFetch(server.origin, { method })));
    expect([await ask('GET'), await ask('GET')]).toEqual(['alice', 'alice']);
    expect(await causeOf(ask('POST'))).toContain('socket hang up');
  });

  test('a handshake does not go on over another connection', async () => {
    const server = await backEnd({
      open: {
        '/': (request, response) => {
          const headers = {
            'WWW-Authenticate': request.headers.authorization ? token('challenge 0') : 'Negotiate',
          };
          response.writeHead(401, { ...headers, connection: 'close' }).end();
        },
      },
    });
    const negotiateFetch = fetchOf({ client: new TestClient(2), origins: [server.origin] });
    expect(await causeOf(alice.run(() => negotiateFetch(server.origin)))).toContain(
      'which needs a single one',
    );
    expect(server.lines).toEqual(['GET / -', 'GET / hello']);
  });

  test('a request without progress times out', async () => {
    const server = await backEnd({}, () => {});
    const negotiateFetch = fetchOf({ origins: [server.origin], timeout: 50 });
    expect(await causeOf(alice.run(() => negotiateFetch(server.origin)))).toContain('No data has been');
  });
});
