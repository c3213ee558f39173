import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import Koa from 'koa';
import { Token, TokenCache, runSync } from 'impersonate';
import { type ActAsOptions, type ResolveUser, actAs, iisAuthentication } from 'impersonate/http';
import { Client, listen } from '../support/network/http-client';
import { caught } from '../support/errors';
import { tempFolder } from '../support/folders';
import { until } from '../support/children/progress';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

/** The users whose files the running code may open, by the kernel; the code of the error outside every flow. */
function me(): string {
  try {
    return runSync(() =>
      [world.alice, world.bob].filter((who) => world.canOpen(who)).map(({ key }) => key),
    ).join();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

type User = ReturnType<ResolveUser<unknown>>;
interface Given {
  headers: http.IncomingHttpHeaders;
}
/** What the handler has seen: the effective identity when it was called and at the end of the body, and its token. */
const reply = (seen: string[], token: Token | undefined): string =>
  [...seen, me(), String(token !== undefined && token === Token.current())].join();

const tokens: Token[] = [];
let servers: Pick<http.Server, 'close' | 'closeAllConnections'>[] = [];
let errors: string[] = [];
let given: Record<'alice' | 'bob', Token>;

/** Starts a server with each framework. `resolve` gets what the framework passes to its handlers. */
const frameworks: [string, (resolve: (given: Given) => User, options: ActAsOptions) => Promise<number>][] = [
  [
    'node:http',
    (resolve, options) => {
      const server = http.createServer(
        actAs((request) => resolve(request), options).node((request, response) => {
          const seen = [me()];
          if (request.token) tokens.push(request.token);
          request.resume().on('end', () => response.end(reply(seen, request.token)));
        }),
      );
      servers.push(server);
      return listen(server);
    },
  ],
  [
    'Express',
    (resolve, options) => {
      const app = express();
      app.use(actAs((request: express.Request) => resolve(request), options).express);
      app.use(express.text());
      app.use((request, response) => {
        if (request.token) tokens.push(request.token);
        response.send(reply([me()], request.token));
      });
      const server = http.createServer(app);
      servers.push(server);
      return listen(server);
    },
  ],
  [
    'Fastify',
    async (resolve, options) => {
      const app = fastify();
      app.addHook('onRequest', actAs((request: FastifyRequest) => resolve(request), options).fastify);
      app.post('/', (request) => {
        if (request.token) tokens.push(request.token);
        return reply([me()], request.token);
      });
      await app.listen({ port: 0, host: '127.0.0.1' });
      servers.push(app.server);
      return (app.server.address() as AddressInfo).port;
    },
  ],
  [
    'Koa',
    (resolve, options) => {
      const app = new Koa();
      app.silent = true;
      app.use(actAs((context: Koa.Context) => resolve(context), options).koa);
      app.use(async (context) => {
        const seen = [me()];
        await once(context.req.resume(), 'end');
        if (context.state.token) tokens.push(context.state.token);
        context.body = reply(seen, context.state.token);
      });
      const listener = app.callback();
      const server = http.createServer((request, response) => void listener(request, response));
      servers.push(server);
      return listen(server);
    },
  ],
];

beforeEach(async () => {
  given = { alice: await world.alice.token(), bob: await world.bob.token() };
  [servers, errors] = [[], []];
  tokens.length = 0;
});
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  given.alice.close();
  given.bob.close();
});

const onError = (error: Error): unknown => errors.push((error as { code?: string }).code ?? error.message);
const body = { method: 'POST', body: 'text', headers: { 'content-type': 'text/plain' } };

/** Sends a request as a user of the test's, who is in a header. */
async function send(port: number, user: string): Promise<[status: number | undefined, body: string]> {
  const client = new Client(port);
  const { status, body: text } = await client.send({ ...body, headers: { ...body.headers, user } });
  client.close();
  return [status, text];
}

/** Sends a request; resolves to its status, Cache-Control and Vary. */
async function caching(port: number, headers: Record<string, string>, path = '/'): Promise<unknown[]> {
  const request = http.request({ port, host: '127.0.0.1', path, method: 'POST', headers, agent: false });
  const [response] = (await once(request.end(), 'response')) as [http.IncomingMessage];
  await once(response.resume(), 'end');
  return [response.statusCode, response.headers['cache-control'], response.headers.vary];
}

const byHeader = ({ headers }: Given): User => given[headers.user as 'alice' | 'bob'];

describeSwitching('actAs()', () => {
  describe.each(frameworks)('with %s', (_name, serve) => {
    const served = (user: string): [number, string] => [200, `${user},${user},true`];

    test('handles each request in the flow of its user; a token of the application stays open', async () => {
      const port = await serve(byHeader, { onError });
      const users = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob'));
      const replies = await Promise.all(users.map((user) => send(port, user)));
      expect(replies).toEqual(users.map(served));
      expect(errors).toEqual([]);
      expect(new Set(tokens)).toEqual(new Set([given.alice, given.bob]));
      expect(tokens.some((token) => token.closed)).toBe(false);
    });

    test('makes the token of a name, and closes it after the response', async () => {
      const made = { alice: await world.alice.token(), bob: await world.bob.token() };
      const forUser = jest
        .spyOn(Token, 'forUser')
        .mockImplementation((name) => Promise.resolve(made[name as 'alice' | 'bob']));
      try {
        const port = await serve(({ headers }) => Promise.resolve(headers.user as string), { onError });
        expect(await send(port, 'alice')).toEqual(served('alice'));
        expect(await send(port, 'bob')).toEqual(served('bob'));
      } finally {
        forUser.mockRestore();
      }
      expect(tokens).toHaveLength(2);
      await until(() => tokens.every((token) => token.closed));
      expect(tokens.every((token) => token.closed)).toBe(true);
    });

    test('takes the tokens of names from a cache', async () => {
      const cache = new TokenCache();
      const forUser = jest.spyOn(cache, 'forUser').mockImplementation((name) => world[name as 'bob'].token());
      const port = await serve(({ headers }) => headers.user as string, { cache });
      expect(await send(port, 'bob')).toEqual(served('bob'));
      expect(forUser).toHaveBeenCalledTimes(1);
    });

    test('responds 401 to a request without a user, or if that is allowed handles it outside of every flow', async () => {
      for (const nobody of [null, undefined]) {
        expect(await send(await serve(() => nobody, { onError }), 'alice')).toEqual([401, '']);
        const optional = await serve(() => Promise.resolve(nobody), { onError, required: false });
        expect(await send(optional, 'alice')).toEqual([200, 'ERR_NO_TOKEN,ERR_NO_TOKEN,false']);
      }
      expect([tokens, errors]).toEqual([[], []]);
    });

    test('handles no request if the user cannot be found out, even if a user is optional', async () => {
      using shown = given.bob.duplicate({ level: 'identification' });
      using closed = given.bob.duplicate();
      closed.close();
      const resolvers: [number, string, () => unknown][] = [
        [500, 'mine', () => Promise.reject(new Error('mine'))],
        [
          500,
          'mine',
          () => {
            throw new Error('mine');
          },
        ],
        [500, 'ERR_INVALID_ARG_TYPE', () => ({ user: 'alice' })],
        [500, 'ERR_INVALID_ARG_VALUE', () => ''],
        [500, 'ERR_TOKEN_CLOSED', () => closed],
        [403, 'ERR_TOKEN_LEVEL', () => shown],
      ];
      for (const [status, code, resolve] of resolvers) {
        errors = [];
        const port = await serve(resolve as () => User, { onError, required: false });
        expect([...(await send(port, 'alice')), errors]).toEqual([status, '', [code]]);
      }
      expect(tokens).toEqual([]);
    });

    test('keeps responses from shared caches, also without a user, unless told otherwise', async () => {
      const kept = ['private', 'Authorization, Cookie'];
      const port = await serve(byHeader, { required: false });
      expect(await caching(port, { user: 'alice' })).toEqual([200, ...kept]);
      expect(await caching(port, {})).toEqual([200, ...kept]);
      const strict = await serve(byHeader, { cacheControl: true });
      expect(await caching(strict, {})).toEqual([401, ...kept]);
      const told = await serve(byHeader, { cacheControl: false });
      expect(await caching(told, { user: 'bob' })).toEqual([200, undefined, undefined]);
    });

    test('asks for the user as the process, in no flow', async () => {
      let seen: string | undefined;
      const port = await serve((request) => {
        seen = `${me()} ${Token.current().user.id}`;
        return byHeader(request);
      }, {});
      await send(port, 'alice');
      expect(seen).toBe(`ERR_NO_TOKEN ${world.serviceId}`);
    });
  });

  test('a handler of node:http that fails gets 500, and its error is reported', async () => {
    const listener = actAs(byHeader, { onError }).node(() => Promise.reject(new Error(me())));
    const server = http.createServer(listener);
    servers.push(server);
    expect(await send(await listen(server), 'alice')).toEqual([500, '']);
    expect(errors).toEqual(['alice']);
  });

  test('keeps the headers of caches that the application sets, before and after', async () => {
    const listener = actAs(byHeader).node((request, response) => {
      if (request.url === '/own') response.setHeader('Cache-Control', 'public').setHeader('Vary', 'user');
      if (request.url === '/304') response.statusCode = 304;
      response.end();
    });
    const server = http.createServer((request, response) => {
      if (request.url === '/before')
        response.setHeader('Cache-Control', 'no-store').setHeader('Vary', 'Origin');
      if (request.url === '/list') response.setHeader('vary', ['Origin', 'cookie']);
      if (request.url === '/any') response.setHeader('Vary', '*');
      if (request.url === '/sent') response.setHeader('Cache-Control', 'no-cache').flushHeaders();
      listener(request, response);
    });
    servers.push(server);
    const port = await listen(server);
    const seen = async (path: string): Promise<unknown[]> => caching(port, { user: 'alice' }, path);
    expect(await seen('/own')).toEqual([200, 'public', 'user']);
    expect(await seen('/304')).toEqual([304, 'private', 'Authorization, Cookie']);
    expect(await seen('/before')).toEqual([200, 'no-store', 'Origin, Authorization, Cookie']);
    expect(await seen('/list')).toEqual([200, 'private', 'Origin, cookie, Authorization']);
    expect(await seen('/any')).toEqual([200, 'private', '*']);
    expect(await seen('/sent')).toEqual([200, 'no-cache', undefined]);
  });

  test('keeps files that Express sends from shared caches, and responses over HTTP/2', async () => {
    const file = join(tempFolder('sent'), 'file');
    writeFileSync(file, 'public');
    const app = express();
    app.use(actAs((request: express.Request) => byHeader(request)).express);
    app.use((_request, response) => {
      response.sendFile(file);
    });
    const server = http.createServer(app);
    const second = http2.createServer(
      actAs((request) => byHeader(request)).node((_request, response) => response.end()) as never,
    );
    servers.push(server);
    const kept = [200, 'private', 'Authorization, Cookie'];
    expect(await caching(await listen(server), { user: 'alice' })).toEqual(kept);
    const session = http2.connect(`http://127.0.0.1:${String(await listen(second))}`);
    try {
      const [headers] = (await once(session.request({ user: 'bob' }), 'response')) as [
        http2.IncomingHttpHeaders,
      ];
      expect([headers[':status'], headers['cache-control'], headers.vary]).toEqual(kept);
    } finally {
      session.destroy();
      second.close();
    }
  });

  test('a request whose response has ended meanwhile is not handled', async () => {
    const handler = jest.fn();
    const listener = actAs(byHeader, { onError }).node(handler);
    const server = http.createServer((request, response) => {
      listener(request, response);
      response.end();
    });
    servers.push(server);
    expect(await send(await listen(server), 'alice')).toEqual([200, '']);
    await until(() => errors.length === 1);
    expect(errors).toEqual(['ERR_HTTP_ANSWERED']);
    expect(handler).toHaveBeenCalledTimes(0);
  });

  test('iisAuthentication() accepts no request that is not of the local IIS', async () => {
    const port = await frameworks[0]?.[1](iisAuthentication({ pairingToken: 'x' }) as never, { onError });
    const [status] = await send(port ?? 0, 'alice');
    if (process.platform === 'win32') expect([status, errors]).toEqual([401, []]);
    else expect([status, errors]).toEqual([500, ['ERR_FEATURE_UNAVAILABLE_ON_PLATFORM']]);
    const client = new Client(port ?? 0);
    const refused = await client.send({ headers: { 'MS-ASPNETCORE-WINAUTHTOKEN': '1f' } });
    client.close();
    expect(refused.status).toBe(process.platform === 'win32' ? 401 : 500);
    if (process.platform === 'win32') expect(errors).toEqual(['ERR_IIS_REQUEST_REFUSED']);
    expect(tokens).toEqual([]);
  });
});

test.each([
  ['resolve', () => actAs(undefined as never)],
  ['options.required', () => actAs(() => null, { required: 1 as never })],
  ['options.cache', () => actAs(() => null, { cache: {} as never })],
  ['options.onError', () => actAs(() => null, { onError: 'x' as never })],
  ['options.cacheControl', () => actAs(() => null, { cacheControl: 'public' as never })],
  ['options.optional', () => actAs(() => null, { optional: true } as never)],
  ['handler', () => actAs(() => null).node(undefined as never)],
  ['options.token', () => iisAuthentication({ token: 'x' } as never)],
])('a wrong %s is a TypeError that names it', (name, call) => {
  const error = caught(call);
  expect(error.name).toBe('TypeError');
  expect(error.message).toContain(`"${name}"`);
});
