import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import express from 'express';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import Koa from 'koa';
import type { Token } from 'impersonate';
import {
  DeclarationError,
  type ImpersonationOption,
  OperationGuard,
  OperationInterceptor,
  type ServiceOptions,
  fastifyImpersonation,
  operation,
  service,
  validate,
} from 'impersonate/declarative';
import { actAs } from 'impersonate/http';
import { caught, rejected } from '../support/errors';
import { Client, listen } from '../support/network/http-client';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { me, meTwice } from '../support/world/identity';

interface Given {
  headers: http.IncomingHttpHeaders;
}
const byHeader = ({ headers }: Given): Token | null => ({ alice, bob })[headers.user as string] ?? null;
const optional = { required: false };

const kinds: readonly ImpersonationOption[] = ['required', 'allowed', 'notAllowed'];

let servers: Pick<http.Server, 'close' | 'closeAllConnections'>[] = [];
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
});

async function serve(listener: http.RequestListener): Promise<number> {
  const server = http.createServer(listener);
  servers.push(server);
  return listen(server);
}

async function serveFastify(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' });
  servers.push(app.server);
  return (app.server.address() as AddressInfo).port;
}

async function send(port: number, path: string, user?: string): Promise<[number | undefined, string]> {
  const client = new Client(port);
  const { status, body } = await client.send({ path, headers: user === undefined ? {} : { user } });
  client.close();
  return [status, status === 200 ? body : ''];
}

async function* parts(): AsyncGenerator<string> {
  yield `${me()} `;
  await new Promise((resolve) => setImmediate(resolve));
  yield me();
}

/** Returns the mistakes, by their operations. */
const problemsOf = (error: unknown): string[] => {
  expect(error).toBeInstanceOf(DeclarationError);
  return (error as DeclarationError).errors.map((each) => each.operation);
};

/** Starts a server with a route for each impersonation, and a streaming one. */
const frameworks: [string, (options: ServiceOptions) => Promise<number>][] = [
  [
    'Fastify',
    async (options) => {
      const app = fastify();
      app.addHook('onRequest', actAs((request: FastifyRequest) => byHeader(request), optional).fastify);
      await app.register(fastifyImpersonation(options));
      for (const impersonation of kinds)
        if (impersonation !== 'notAllowed' || !options.impersonateCallerForAllOperations)
          app.get(`/${impersonation}`, { config: { impersonation } }, () => meTwice());
      await app.register(
        (child, _options, done) => {
          child.get('/stream', { config: { impersonation: { impersonation: 'required' } } }, () =>
            Readable.from(parts()),
          );
          done();
        },
        { prefix: '/inner' },
      );
      return serveFastify(app);
    },
  ],
  [
    'Express',
    (options) => {
      const app = express();
      app.use(actAs((request: express.Request) => byHeader(request), optional).express);
      for (const impersonation of kinds)
        if (impersonation !== 'notAllowed' || !options.impersonateCallerForAllOperations)
          app.get(
            `/${impersonation}`,
            operation(impersonation, async (_request: express.Request, response: express.Response) =>
              response.send(await meTwice()),
            ),
          );
      const router = express.Router();
      router.get(
        '/stream',
        operation('required', (_request, response: express.Response) =>
          Readable.from(parts()).pipe(response),
        ),
      );
      app.use('/inner', router);
      app.use((error: { status?: number }, _request: unknown, response: express.Response, _next: unknown) => {
        response.status(error.status ?? 500).end();
      });
      validate(app, options);
      return serve(app);
    },
  ],
  [
    'Koa',
    (options) => {
      const app = new Koa();
      app.silent = true;
      app.use(actAs((context: Koa.Context) => byHeader(context), optional).koa);
      const handlers = kinds
        .filter((each) => each !== 'notAllowed' || !options.impersonateCallerForAllOperations)
        .map((impersonation) => {
          const handler = operation(impersonation, async (context: Koa.Context) => {
            context.body = await meTwice();
          });
          return { path: `/${impersonation}`, methods: ['HEAD', 'GET'], stack: [handler] };
        });
      const stream = operation('required', (context: Koa.Context) => {
        context.body = Readable.from(parts());
      });
      const stack = [...handlers, { path: '/inner/stream', methods: ['GET'], stack: [stream] }];
      // As @koa/router shows its routes.
      const routes = (context: Koa.Context): unknown =>
        stack.find(({ path }) => path === context.path)?.stack[0]?.(context);
      app.use(Object.assign(routes, { router: { stack } }));
      validate(app, options);
      const listener = app.callback();
      return serve((request, response) => void listener(request, response));
    },
  ],
];

describeSwitching('the routes of a server', () => {
  freshTokens();

  describe.each(frameworks)('with %s', (_name, start) => {
    test('act as their callers as they are declared', async () => {
      const port = await start({});
      const seen = async (user?: string): Promise<unknown[]> =>
        Promise.all(
          [...kinds, 'inner/stream'].map(async (path) =>
            (await send(port, `/${path}`, user)).join(' ').trim(),
          ),
        );
      const expected = (user: string): string[] => [
        `200 ${user}`,
        '200 service',
        '200 service',
        `200 ${user} ${user}`,
      ];
      const users = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob'));
      expect(await Promise.all(users.map(seen))).toEqual(users.map(expected));
      expect(await seen()).toEqual(['401', '200 service', '200 service', '401']);
    });

    test('act as their callers for all operations', async () => {
      const port = await start({ impersonateCallerForAllOperations: true });
      expect([await send(port, '/allowed', 'bob'), await send(port, '/required', 'alice')]).toEqual([
        [200, 'bob'],
        [200, 'alice'],
      ]);
      expect([await send(port, '/allowed'), await send(port, '/required')]).toEqual([
        [401, ''],
        [401, ''],
      ]);
    });
  });

  test('take the caller from the function `caller`', async () => {
    const app = express();
    const handler = operation('required', async (_request: express.Request, response: express.Response) => {
      response.send(await meTwice());
    });
    app.get('/', handler);
    validate(app, { caller: (request: express.Request) => byHeader(request) });
    expect(await send(await serve(app), '/', 'bob')).toEqual([200, 'bob']);
  });
});

describe('the declarations of a server', () => {
  const auth = actAs(() => null);
  const onRequest = actAs((_request: FastifyRequest) => null).fastify;

  test('of Fastify are checked all at once before it listens', async () => {
    const app = fastify();
    app.get('/early', { config: { impersonation: 'required' } }, () => 1);
    app.register(fastifyImpersonation({ impersonateCallerForAllOperations: true }));
    app.post('/same/tick/:id', { config: { impersonation: 'required' } }, () => 1);
    await app.after();
    app.get('/forgotten', () => 1);
    app.get('/own', { config: { impersonation: 'notAllowed' } }, () => 1);
    app.put('/wrong', { config: { impersonation: 'always' as never } }, () => 1);
    app.get('/', { config: { impersonation: 'required' }, onRequest }, () => 1);
    await app.register(
      (child, _options, done) => {
        child.get('/unauthenticated', { config: { impersonation: 'required' } }, () => 1);
        child.get('/', { config: { impersonation: 'allowed' }, onRequest: [onRequest] }, () => 1);
        done();
      },
      { prefix: '/inner' },
    );
    const found = problemsOf(await rejected(app.listen({ port: 0 })));
    expect([...new Set(found.map((name) => name.replace('HEAD', 'GET')))].sort()).toEqual([
      'GET /early',
      'GET /forgotten',
      'GET /inner/unauthenticated',
      'GET /own',
      'POST /same/tick/:id',
      'PUT /wrong',
    ]);
    await app.close();
  });

  test('of Fastify hold for routes that its check at start-up has not seen', async () => {
    const app = fastify();
    const codes: unknown[] = [];
    app.setErrorHandler((error: { code?: string }, _request, reply) => {
      codes.push(error.code);
      void reply.code(500).send();
    });
    const handler = jest.fn(() => 'x');
    app.get('/early', { config: { impersonation: 'required' } }, handler);
    app.get('/other', handler);
    await app.register(fastifyImpersonation());
    Object.defineProperty(app, 'printRoutes', { value: () => '' });
    const port = await serveFastify(app);
    const statuses = [];
    for (const path of ['/early', '/other', '/none']) statuses.push((await send(port, path))[0]);
    expect([statuses, codes]).toEqual([
      [500, 500, 404],
      ['ERR_INVALID_DECLARATION', 'ERR_INVALID_DECLARATION'],
    ]);
    expect(handler).not.toHaveBeenCalled();
  });

  test('of Fastify accept authentication by other code, and hooks of an outer instance', async () => {
    for (const options of [{ authentication: 'impersonation' }, { caller: () => null }] as const) {
      const app = fastify();
      await app.register(fastifyImpersonation(options));
      app.get('/', { config: { impersonation: 'required' } }, () => 1);
      expect((await send(await serveFastify(app), '/'))[0]).toBe(401);
    }
    const app = fastify();
    await app.register(fastifyImpersonation());
    await app.register((child, _options, done) => {
      child.get('/', { config: { impersonation: 'required' } }, () => 1);
      done();
    });
    app.addHook('onRequest', onRequest);
    await app.ready();
    await app.close();
  });

  const done = operation('required', (_request: unknown, response: express.Response) => response.end());
  const own = operation('notAllowed', (_request: unknown, response: express.Response) => response.end());

  test('of Express are checked all at once', () => {
    const app = express();
    app.get('/early', done);
    app.use(auth.express);
    app.get('/late', done);
    app
      .route('/both')
      .get(own)
      .post((_request, response) => response.end());
    const router = express.Router();
    router.get('/forgotten', (_request, _response, next) => {
      next();
    });
    router.get(/pattern/, own);
    app.use('/inner', router);
    expect(problemsOf(caught(() => validate(app)))).toEqual(['GET /early', 'POST /both', 'GET /forgotten']);
    const all = { impersonateCallerForAllOperations: true };
    expect(problemsOf(caught(() => validate(app, all)))).toEqual([
      ...['GET /early', 'GET /both', 'POST /both', 'GET /forgotten', 'GET /pattern/'],
    ]);
    const another = express();
    another.use(auth.express);
    another.get('/', done);
    expect(problemsOf(caught(() => validate(another)))).toEqual(['GET /']);
    validate(express());
  });

  test('are not authenticated by what authenticates another one', () => {
    const app = express();
    app.get('/own', auth.express, operation('required', done));
    app.get('/other', operation('required', done));
    expect(problemsOf(caught(() => validate(app)))).toEqual(['GET /other']);
  });

  test('of Express 4 are found too', () => {
    const deprecated = {
      get: (): never => {
        throw new Error('deprecated');
      },
    };
    const app = Object.assign(() => {}, {
      use: () => {},
      handle: () => {},
      lazyrouter: () => {},
      _router: { stack: [{ route: { path: '/x', stack: [{ method: 'get', handle: () => {} }] } }] },
    });
    Object.defineProperty(app, 'router', deprecated);
    expect(problemsOf(caught(() => validate(app)))).toEqual(['GET /x']);
  });

  test('of Koa are checked all at once', () => {
    const app = new Koa();
    const handler = operation({ impersonation: 'required', name: 'first' }, () => {});
    app.use(handler);
    app.use(auth.koa);
    const stack = [
      { path: '/forgotten', methods: ['HEAD', 'GET'], stack: [() => {}] },
      { path: '/right', methods: ['POST'], stack: [() => {}, operation('allowed', () => {})] },
      { path: '(.*)', methods: [], stack: [() => {}] },
    ];
    app.use(Object.assign(() => {}, { router: { stack } }) as never);
    expect(problemsOf(caught(() => validate(app)))).toEqual(['first', 'GET /forgotten']);
  });

  test('are needed for a handler that is allowed to act as its caller', () => {
    const handler = operation('allowed', () => me());
    expect(problemsOf(caught(() => handler()))).toEqual(['an operation']);
  });
});

describeSwitching('NestJS', () => {
  freshTokens();

  @service()
  class Files {
    @operation('required')
    read(): string {
      return me();
    }
    @operation('notAllowed')
    own(): string {
      return me();
    }
  }

  /** An Observable whose work begins when it is subscribed to. */
  class Late {
    readonly #work: () => unknown;
    constructor(work: () => unknown) {
      this.#work = work;
    }
    subscribe(next: (value: unknown) => void): void {
      setImmediate(() => next(this.#work()));
    }
  }
  const contextOf = (handler: () => unknown): never =>
    ({ getClass: () => Files, getHandler: () => handler }) as never;
  const forgotten = (): void => {};

  test('has a guard that checks the caller and the declaration', () => {
    const guard = new OperationGuard();
    const { read, own } = Files.prototype;
    expect(alice.run(() => guard.canActivate(contextOf(read)))).toBe(true);
    expect(guard.canActivate(contextOf(own))).toBe(true);
    expect(caught(() => guard.canActivate(contextOf(read)))).toMatchObject({
      code: 'ERR_CALLER_REQUIRED',
      status: 401,
    });
    expect(problemsOf(caught(() => guard.canActivate(contextOf(forgotten))))).toEqual(['Files.forgotten']);
  });

  test('has an interceptor that performs what follows it as declared', async () => {
    const interceptor = new OperationInterceptor();
    const perform = (handler: () => unknown): Promise<unknown> => {
      let seen = '';
      const handle = (): Late => {
        seen = me();
        return new Late(() => me());
      };
      const late = interceptor.intercept(contextOf(handler), { handle });
      return new Promise((resolve) =>
        late.subscribe((value) => {
          resolve([seen, value]);
        }),
      );
    };
    const { read, own } = Files.prototype;
    const calls = [() => alice.run(perform, read), () => bob.run(perform, read), () => bob.run(perform, own)];
    expect(await Promise.all(calls.map((call) => call()))).toEqual([
      ['alice', 'alice'],
      ['bob', 'bob'],
      ['service', 'service'],
    ]);
    expect(caught(() => perform(read)).code).toBe('ERR_CALLER_REQUIRED');
    expect(problemsOf(caught(() => perform(forgotten)))).toEqual(['Files.forgotten']);
  });
});
