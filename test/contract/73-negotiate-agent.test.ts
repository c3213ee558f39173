import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { createServer, type Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { Token } from 'impersonate';
import {
  type DispatchHandler,
  NegotiateAgent,
  type NegotiateAgentOptions,
  NegotiateDispatcher,
} from 'impersonate/http';
import { until } from '../support/children/progress';
import { caught, rejected } from '../support/errors';
import { BackEnd, type BackEndOptions, keyOf, TestClient } from '../support/network/back-end';
import { cert, key } from '../support/network/certificate';
import { listen } from '../support/network/http-client';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';

const ends: (() => unknown)[] = [];
afterEach(async () => {
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

function agentFor(server: BackEnd, options: Partial<NegotiateAgentOptions> = {}): NegotiateAgent {
  const { protocol, origin } = new URL(server.origin);
  const made = new NegotiateAgent({
    client: new TestClient(),
    origins: [origin],
    protocol: protocol as 'http:',
    ...options,
  });
  ends.push(() => made.close());
  return made;
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
  /** Who the listeners ran as. */
  readonly users: readonly string[];
}

const current = (): string => keyOf(Token.current().user.id);

function ask(
  url: string,
  options: RequestOptions,
  send = (request: ClientRequest): unknown => request.end(),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (url.startsWith('https:') ? https : http).request(url, options, (response) => {
      const users = [current()];
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        users.push(current());
        text += part;
      });
      response.once('error', reject);
      response.once('end', () => {
        users.push(current());
        resolve({ status: response.statusCode, text, headers: response.headers, users });
      });
    });
    request.once('error', reject);
    send(request);
  });
}

describeSwitching('a NegotiateAgent', () => {
  freshTokens();

  test.each([1, 2] as const)('authenticates requests of node:http in %d message(s)', async (messages) => {
    const server = await backEnd();
    const agent = agentFor(server, { client: new TestClient(messages) });
    const answer = await alice.run(() =>
      ask(`${server.origin}/a?b=c`, { agent, headers: { 'X-Mine': 'yes' } }),
    );
    expect(answer).toMatchObject({ status: 200, text: 'alice', users: Array(3).fill('alice') as string[] });
    expect(answer.headers).toMatchObject({ vary: 'Authorization', 'content-length': '5' });
    expect((await bob.run(() => ask(server.origin, { agent }))).text).toBe('bob');
    expect((await alice.run(() => ask(server.origin, { agent }))).text).toBe('alice');
    expect([server.connections, server.lines.at(-1)]).toEqual([2, 'GET / -']);
  });

  test('sends bodies again, of a stream too', async () => {
    const server = await backEnd();
    const agent = agentFor(server, { maxBufferedBody: 100_000 });
    const text = 'x'.repeat(100_000);
    const post = (request: ClientRequest, body: string): unknown => Readable.from([body]).pipe(request);
    const options = { agent, method: 'POST' };
    expect((await alice.run(() => ask(server.origin, options, (request) => request.end(' body')))).text).toBe(
      'alice body',
    );
    expect((await alice.run(() => ask(server.origin, options, (request) => post(request, text)))).text).toBe(
      `alice${text}`,
    );
    const error = await rejected(
      alice.run(() => ask(server.origin, options, (request) => post(request, `${text}x`))),
    );
    expect(error.code).toBe('ERR_HTTP_BODY_TOO_LARGE');
  });

  test('works over TLS, and with the default port in the header Host', async () => {
    const server = await backEnd({ tls: { key, cert } });
    const agent = agentFor(server, { tls: { ca: cert } });
    expect((await alice.run(() => ask(server.origin, { agent }))).text).toBe('alice');
    expect(caught(() => http.request('http://127.0.0.1', { agent })).code).toBe('ERR_INVALID_PROTOCOL');
    const request = https.request('https://localhost', { agent });
    expect(request.getHeader('host')).toBe('localhost');
    request.on('error', () => {}).destroy();
  });

  test('sends nothing to other origins, such as those of redirects', async () => {
    const [server, other] = [await backEnd(), await backEnd()];
    const agent = agentFor(server);
    expect((await alice.run(() => ask(other.origin, { agent }))).status).toBe(401);
    expect(other.lines).toEqual(['GET / -']);
  });

  test('passes errors on, of the server too, and destroys with destroy()', async () => {
    const server = await backEnd({
      open: {
        '/forged': (request, response) => {
          response.writeHead(request.headers.authorization === undefined ? 401 : 200, {
            'WWW-Authenticate': 'Negotiate',
          });
          response.end('forged');
        },
        '/cut': (_request, response) => {
          response.writeHead(200, { 'content-length': '10' }).write('cut');
          setImmediate(() => response.destroy());
        },
        '/wait': () => {},
        '/proxy': (_request, response) =>
          response
            .writeHead(407, { 'WWW-Authenticate': 'Negotiate', 'Proxy-Authenticate': 'Negotiate' })
            .end(),
        '/trailer': ({ socket }) =>
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTrailer: X-Sum\r\n\r\ntext'),
        '/phrase': ({ socket }) => socket.write('HTTP/1.1 200 \u0001\r\nContent-Length: 4\r\n\r\ntext'),
      },
    });
    const agent = agentFor(server);
    const codeOf = async (path: string, options: RequestOptions = {}): Promise<string | undefined> =>
      (await rejected(alice.run(() => ask(`${server.origin}${path}`, { agent, ...options })))).code;
    expect(await codeOf('/forged')).toBe('ERR_SERVER_UNPROVEN');
    expect(await codeOf('/cut')).toBe('ECONNRESET');
    expect(await codeOf('/', { headers: { connection: 'upgrade', upgrade: 'websocket' } })).toBe(
      'ERR_HTTP_UPGRADE',
    );
    expect(await codeOf('/', { method: 'CONNECT' })).toBe('ERR_HTTP_UPGRADE');
    expect(await codeOf('/', { socketPath: '/none' })).toBe('ERR_INVALID_ARG_VALUE');
    // A proxy gets no credentials.
    expect((await alice.run(() => ask(`${server.origin}/proxy`, { agent }))).status).toBe(407);
    expect(server.lines.filter((line) => line.includes('/proxy'))).toEqual(['GET /proxy -']);
    expect((await alice.run(() => ask(`${server.origin}/trailer`, { agent }))).text).toBe('text');
    const before = server.sockets.size;
    expect(await codeOf('/phrase')).toBe('ERR_INVALID_CHAR');
    await until(() => server.sockets.size < before);
    const waiting = codeOf('/wait');
    await until(() => server.lines.includes('GET /wait -'));
    agent.destroy();
    expect(await waiting).toBe('ERR_CLIENT_CLOSED');
    expect(await codeOf('/')).toBe('ERR_CLIENT_CLOSED');
  });

  test('ends a request that is destroyed, aborted or too slow', async () => {
    const server = await backEnd({}, () => {});
    const client = new TestClient();
    const agent = agentFor(server, { client });
    const controller = new AbortController();
    const ways: ((request: ClientRequest) => unknown)[] = [
      (request) => request.destroy(new Error('mine')),
      () => controller.abort(),
    ];
    for (const way of ways) {
      const before = server.lines.length;
      const pending = alice.run(() =>
        ask(server.origin, { agent, signal: controller.signal }, (request) => {
          request.end();
          void until(() => server.lines.length === before + 2 && server.negotiator.open.size === 0).then(() =>
            way(request),
          );
        }),
      );
      expect((await rejected(pending)).message).toMatch(/mine|aborted/);
      await until(() => server.sockets.size === 0);
      expect([server.sockets.size, client.open.size]).toEqual([0, 0]);
    }
    const slow = alice.run(() =>
      ask(server.origin, { agent, timeout: 50 }, (request) =>
        request.end().once('timeout', () => request.destroy(new Error('slow'))),
      ),
    );
    expect((await rejected(slow)).message).toBe('slow');
  });

  test('streams large responses without holding them', async () => {
    const size = 8 * 1024 * 1024;
    let sent = 0;
    const server = await backEnd({}, (_request, response) => {
      const source = new PassThrough();
      source.pipe(response);
      const write = (): void => {
        while (sent < size) {
          sent += 65_536;
          if (!source.write(Buffer.alloc(65_536))) {
            source.once('drain', write);
            return;
          }
        }
        source.end();
      };
      write();
    });
    const agent = agentFor(server);
    const response = await alice.run(
      () =>
        new Promise<IncomingMessage>((resolve, reject) => {
          http.get(server.origin, { agent }, resolve).once('error', reject);
        }),
    );
    // Progress ends while nobody reads: what the kernel's and node's buffers take has been sent.
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(sent).toBeLessThan(size);
    let received = 0;
    for await (const part of response) received += (part as Buffer).length;
    expect(received).toBe(size);
  });
});

/** A handler of undici, in its old or new form, that collects what it is given. */
function collector(form: 'old' | 'new', onStart?: (abort: (error?: Error) => void) => void) {
  const seen: { status?: number; text: string; type?: string | undefined; users: string[] } = {
    text: '',
    users: [],
  };
  const { promise, resolve, reject } = withResolvers<typeof seen>();
  const note = (status: number, type: string | undefined): void => {
    Object.assign(seen, { status, type });
    seen.users.push(current());
  };
  const typeOf = (raw: readonly Buffer[]): string | undefined =>
    raw[raw.findIndex((name) => name.toString().toLowerCase() === 'www-authenticate') + 1]?.toString();
  const old: DispatchHandler = {
    onConnect: (abort) => onStart?.(abort),
    onHeaders(status, headers, resume) {
      note(status, typeOf(headers));
      setImmediate(resume);
      return false;
    },
    onData: (chunk) => {
      seen.text += chunk.toString();
      return true;
    },
    onComplete: () => resolve(seen),
    onError: reject,
  };
  const modern: DispatchHandler = {
    onRequestStart: (controller) => onStart?.((error) => controller.abort(error)),
    onResponseStart(controller, status) {
      note(status, typeOf(controller.rawHeaders));
      controller.pause();
      setImmediate(() => controller.resume());
    },
    onResponseData: (_controller, chunk) => (seen.text += chunk.toString()),
    onResponseEnd: () => resolve(seen),
    onResponseError: (_controller, error) => reject(error),
  };
  return { handler: form === 'old' ? old : modern, promise };
}

function withResolvers<T>() {
  let [resolve, reject] = [(_value: T): void => {}, (_error: unknown): void => {}];
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve: (value: T) => resolve(value), reject: (error: unknown) => reject(error) };
}

describeSwitching('a NegotiateDispatcher', () => {
  freshTokens();

  function dispatcherFor(server: BackEnd, client = new TestClient()): NegotiateDispatcher {
    const made = new NegotiateDispatcher({ client, origins: [server.origin] });
    ends.push(() => made.destroy());
    return made;
  }

  test.each(['old', 'new'] as const)(
    "serves undici's handlers of the %s form, in the flow of the caller",
    async (form) => {
      const server = await backEnd();
      const dispatcher = dispatcherFor(server);
      const { handler, promise } = collector(form);
      const headers = { 'x-list': ['a', 'b'], 'content-type': 'text/plain' };
      const options = {
        origin: server.origin,
        path: '/',
        method: 'POST',
        query: { a: [1, 2] },
        headers,
        body: ' hello',
      };
      alice.run(() => dispatcher.dispatch(options, handler));
      const proof = `Negotiate ${Buffer.from('welcome alice').toString('base64')}`;
      expect(await promise).toEqual({ status: 200, text: 'alice hello', users: ['alice'], type: proof });
      expect(server.lines).toEqual(['POST /?a=1&a=2 -', 'POST /?a=1&a=2 i am alice']);
    },
  );

  test.each(['old', 'new'] as const)('ends a request that a handler of the %s form aborts', async (form) => {
    const server = await backEnd({}, () => {});
    const client = new TestClient();
    const dispatcher = dispatcherFor(server, client);
    let abort = (_error?: Error): void => {};
    const { handler, promise } = collector(form, (given) => (abort = given));
    alice.run(() => dispatcher.dispatch({ origin: server.origin, path: '/', method: 'GET' }, handler));
    await until(() => server.lines.length === 2 && server.negotiator.open.size === 0);
    abort(new Error('mine'));
    expect((await rejected(promise)).message).toBe('mine');
    await until(() => server.sockets.size === 0);
    expect([server.sockets.size, client.open.size]).toEqual([0, 0]);
  });

  test('sends forms, blobs and bytes', async () => {
    const server = await backEnd();
    const dispatcher = dispatcherFor(server);
    const form = new FormData();
    form.set('name', 'value');
    const bodies = [
      new Blob([' blob']),
      Buffer.from(' bytes'),
      new Uint8Array(Buffer.from(' array')).buffer,
      form,
    ];
    const texts: string[] = [];
    for (const body of bodies) {
      const { handler, promise } = collector('new');
      alice.run(() =>
        dispatcher.dispatch({ origin: server.origin, path: '/', method: 'PUT', body }, handler),
      );
      texts.push((await promise).text);
    }
    expect(texts.slice(0, 3)).toEqual(['alice blob', 'alice bytes', 'alice array']);
    expect(texts[3]).toContain('name="name"');
  });

  test('upgrades and CONNECT are refused, and all after close()', async () => {
    const server = await backEnd();
    const dispatcher = dispatcherFor(server);
    const codeOf = async (options: object): Promise<string | undefined> => {
      const { handler, promise } = collector('old');
      dispatcher.dispatch({ origin: server.origin, path: '/', method: 'GET', ...options }, handler);
      return (await rejected(promise)).code;
    };
    expect(await codeOf({ upgrade: 'websocket' })).toBe('ERR_HTTP_UPGRADE');
    expect(await codeOf({ method: 'CONNECT' })).toBe('ERR_HTTP_UPGRADE');
    expect(await codeOf({ method: 'connect' })).toBe('ERR_HTTP_UPGRADE');
    await dispatcher.close();
    expect([await codeOf({}), dispatcher.closed, server.lines]).toEqual(['ERR_CLIENT_CLOSED', true, []]);
  });

  test.each(['destroy()', 'an abort without a reason'])(
    '%s ends a request that is connecting',
    async (way) => {
      const sockets = new Set<Socket>();
      const silent = createServer((socket) => {
        sockets.add(
          socket
            .resume()
            .on('error', () => {})
            .once('close', () => sockets.delete(socket)),
        );
      });
      const origin = `https://127.0.0.1:${String(await listen(silent))}`;
      ends.push(() => silent.close());
      const dispatcher = new NegotiateDispatcher({ client: new TestClient(), origins: [origin] });
      ends.push(() => dispatcher.destroy());
      let abort = (_error?: Error): void => {};
      const { handler, promise } = collector('old', (given) => (abort = given));
      dispatcher.dispatch({ origin, path: '/', method: 'GET' }, handler);
      const failed = rejected(promise);
      await until(() => sockets.size === 1);
      if (way === 'destroy()') await dispatcher.destroy();
      else abort(null as never);
      expect((await failed).code).toBe(way === 'destroy()' ? 'ERR_CLIENT_CLOSED' : 'UND_ERR_ABORTED');
      await until(() => sockets.size === 0);
    },
  );

  test("serves Node's own fetch()", async () => {
    const server = await backEnd();
    const dispatcher = dispatcherFor(server, new TestClient(2));
    const init = { dispatcher, method: 'POST', body: ' fetch' } as unknown as RequestInit;
    const response = await bob.run(() => fetch(server.origin, init));
    expect([response.status, await response.text()]).toEqual([200, 'bob fetch']);
  });
});
