import { EventEmitter, once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import { PassThrough, Readable, finished, pipeline as pipelineWithCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Token, withoutToken } from 'impersonate';
import { linesOf } from '../support/children/child';
import { listen, sendRaw } from '../support/network/http-client';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

type Parts = readonly [request: IncomingMessage, response: ServerResponse];

let alice: Token;
let bob: Token;
let server: net.Server;

/** The user of the running code; the service outside of flows. */
const me = (): string =>
  Token.current() === alice ? 'alice' : Token.current() === bob ? 'bob' : 'the service';

async function serve(handler: (...parts: Parts) => unknown): Promise<number> {
  const made = http.createServer((request, response) => void handler(request, response));
  server = made;
  return listen(made);
}

/**
 * Sends a request whose body comes in two parts after its headers, when `ready` resolves; resolves to the body of the
 * response.
 */
async function post(port: number, ready: Promise<unknown> = sleep(5)): Promise<string> {
  // The server does not close the connection, which could reset it while the body is sent.
  const agent = new http.Agent({ keepAlive: true });
  const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent });
  const answered = once(request, 'response');
  request.flushHeaders();
  await ready;
  request.write('one');
  await sleep(5);
  request.end('two');
  const [response] = (await answered) as [IncomingMessage];
  let body = '';
  for await (const part of response) body += String(part);
  if (!request.writableFinished) await once(request, 'finish');
  agent.destroy();
  return body;
}

/** Resolves when the response is over and its last listeners have run. */
const over = (response: ServerResponse): Promise<unknown> =>
  new Promise((resolve) => {
    withoutToken(() => response.once('close', () => setImmediate(resolve)));
  });

beforeEach(async () => {
  alice = await world.alice.token();
  bob = await world.bob.token();
});
afterEach(() => {
  server.close();
  alice.close();
  bob.close();
});

describeSwitching('the events of a request that is handled in a flow', () => {
  test('are those of its user, however late they come', async () => {
    const seen: string[] = [];
    let end: Promise<unknown> | undefined;
    const port = await serve((request, response) => {
      end = over(response);
      alice.run(() => {
        for (const event of ['data', 'end', 'close', 'readable']) {
          request.on(event, () => seen.push(`request ${event} ${me()}`));
        }
        for (const event of ['finish', 'close', 'pipe', 'prefinish']) {
          response.on(event, () => seen.push(`response ${event} ${me()}`));
        }
        finished(request, () => seen.push(`finished ${me()}`));
        request.on('readable', () => request.read() as unknown);
        request.once('end', () => Readable.from(['x'.repeat(200_000)]).pipe(response));
      });
    });
    await post(port);
    await end;
    expect(seen.filter((line) => !line.endsWith('alice'))).toEqual([]);
    const events = ['request data', 'request end', 'request close', 'request readable', 'finished'];
    const all = [...events, 'response finish', 'response close', 'response pipe', 'response prefinish'];
    expect([...new Set(seen)].sort()).toEqual(all.map((event) => `${event} alice`).sort());
  });

  test.each([
    [
      'an iterator',
      async (request: IncomingMessage, see: () => void) => {
        for await (const part of request) if (part) see();
      },
    ],
    [
      'a pipeline',
      (request: IncomingMessage, see: () => void) =>
        pipeline(request, async (parts) => {
          for await (const part of parts) if (part) see();
        }),
    ],
  ])('are those of its user with %s', async (_name, read) => {
    const port = await serve((request, response) =>
      alice.run(async () => {
        const seen: string[] = [];
        await read(request, () => seen.push(me()));
        response.end([...seen, me()].join());
      }),
    );
    expect(await post(port)).toBe('alice,alice,alice');
  });

  test('are those of its user with listeners that were added before the flow began', async () => {
    const seen: string[] = [];
    let end: Promise<unknown> | undefined;
    const port = await serve(async (request, response) => {
      end = over(response);
      const see = (): unknown => seen.push(me());
      request.on('end', see).on('close', see);
      response.on('finish', see).on('close', see);
      withoutToken(() => response.on('finish', see));
      await sleep(1);
      alice.run(() => request.resume().on('end', () => response.end()));
    });
    await post(port);
    await end;
    expect(seen.sort()).toEqual(['alice', 'alice', 'alice', 'alice', 'the service']);
  });

  test('a listener runs in the flow that it was added in, whichever flow begins in the handling of the request', async () => {
    const seen: string[] = [];
    const port = await serve((request, response) => {
      const see = (name: string) => () => seen.push(`${name} ${me()}`);
      request.once('end', see('outside'));
      alice.run(() => {
        request.on('end', see('outer'));
        bob.run(() => request.on('end', see('inner')));
        withoutToken(() => bob.run(() => request.prependListener('end', see('first'))));
        request.prependOnceListener('end', see('very first'));
        request.resume().on('end', () => response.end());
      });
    });
    await post(port);
    expect(seen).toEqual(['very first alice', 'first bob', 'outside alice', 'outer alice', 'inner bob']);
  });

  test('are those of the service if no flow begins, even if another flow causes them', async () => {
    const seen: string[] = [];
    let emitMine: (() => unknown) | undefined;
    const port = await serve((request, response) => {
      response.on('finish', () => seen.push(me()));
      response.on('mine', () => seen.push(me()));
      request.resume().on('end', () => {
        emitMine = () => response.emit('mine');
        setTimeout(() => response.end(), 50);
      });
    });
    const posted = post(port);
    while (!emitMine) await sleep(1);
    alice.run(emitMine);
    await posted;
    expect(seen).toEqual(['the service', 'the service']);
  });

  test('are those of its user for callbacks of write() and end(), behind the response of another user', async () => {
    const seen: string[] = [];
    const answers: (() => void)[] = [];
    const port = await serve((request, response) => {
      const [token, name] = request.url === '/a' ? [alice, 'alice'] : [bob, 'bob'];
      const see = (): unknown => seen.push(`${name} ${me()}`);
      token.run(() => {
        response.on('finish', see);
        const answer = (): void => {
          response.write(name, see);
          response.end(see);
        };
        if (name === 'bob') answer();
        answers.push(answer);
      });
      if (answers.length === 2) alice.run(() => answers[0]?.());
    });
    const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    await sendRaw(port, get('/a') + get('/b', 'Connection: close\r\n'));
    expect([...new Set(seen)].sort()).toEqual(['alice alice', 'bob bob']);
    expect(seen).toHaveLength(6);
  });

  test('are those of its user if the client goes away', async () => {
    const seen: string[] = [];
    let gone: Promise<unknown> | undefined;
    const client = new net.Socket();
    const port = await serve((request, response) => {
      gone = over(response);
      request.on('error', () => seen.push(`before ${me()}`));
      alice.run(() => {
        for (const event of ['aborted', 'error', 'close']) {
          request.on(event, () => seen.push(`${event} ${me()}`));
        }
        finished(request, () => seen.push(`finished ${me()}`));
        request.resume();
        response.on('close', () => seen.push(`response ${me()}`));
      });
      client.destroy();
    });
    client.connect(port, '127.0.0.1');
    client.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab');
    while (!gone) await sleep(1);
    await gone;
    const names = ['aborted', 'before', 'close', 'error', 'finished', 'response'];
    expect(seen.sort()).toEqual(names.map((name) => `${name} alice`));
  });

  test('are those of its user if the flow begins in one of its events', async () => {
    const port = await serve((request, response) => {
      request.on('end', () => response.end(me()));
      request.once('data', () => alice.run(() => request.resume()));
    });
    expect(await post(port)).toBe('alice');
  });

  test('are those of its user on its connection, before the flow begins and in it', async () => {
    const seen: string[] = [];
    let closed: Promise<unknown> | undefined;
    let begin: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const port = await serve((request, response) => {
      const { socket } = request;
      closed = new Promise((resolve) => {
        withoutToken(() => socket.once('close', () => setImmediate(resolve)));
      });
      socket.on('data', () => seen.push(`data ${me()}`)).once('close', () => seen.push(`before ${me()}`));
      withoutToken(() => socket.once('close', () => seen.push(`outside ${me()}`)));
      alice.run(() => {
        socket.once('close', () => seen.push(`in ${me()}`));
        request.resume().on('end', () => response.end());
      });
      begin?.();
    });
    await post(port, begun);
    await closed;
    const expected = ['before alice', 'data alice', 'in alice', 'outside the service'];
    expect([...new Set(seen)].sort()).toEqual(expected);
  });

  test('are those of its user for callbacks of finished() and pipeline() from before the flow', async () => {
    const seen: string[] = [];
    const port = await serve((request, response) => {
      const add = (name: string): void => {
        seen.push(`${name} ${me()}`);
        if (seen.length === 2) response.end(seen.sort().join());
      };
      finished(request, () => {
        add('finished');
      });
      pipelineWithCallback(request, new PassThrough().resume(), () => {
        add('pipeline');
      });
      alice.run(() => {});
    });
    expect(await post(port)).toBe('finished alice,pipeline alice');
  });

  test('are those of its user for a stream that is sent after the flow, as Koa sends it', async () => {
    const port = await serve(async (request, response) => {
      const body = alice.run(() => {
        request.resume();
        return new Readable({
          read() {
            this.push(me());
            this.push(null);
          },
        });
      });
      await sleep(1);
      body.pipe(response);
    });
    expect(await post(port)).toBe('alice');
  });

  test('are those of its user on a connection that was upgraded', async () => {
    const port = await serve(() => {});
    server.on('upgrade', (_request: IncomingMessage, socket: net.Socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      alice.run(() => socket.on('data', (data) => socket.end(`${String(data)} ${me()}`)));
    });
    const head = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
    expect(await sendRaw(port, head, 'I am')).toMatch(/I am alice$/);
  });

  test.each(['request', 'stream'])('are those of its user over HTTP/2, in the event %s', async (event) => {
    const made = http2.createServer();
    server = made;
    made.on(event, (request: http2.ServerHttp2Stream, response: http2.Http2ServerResponse) => {
      const stream = event === 'stream' ? request : response;
      const seen: string[] = [];
      if (event === 'request') response.stream.on('end', () => seen.push(me()));
      request.on('end', () => seen.push(me()));
      alice.run(() => {
        request.on('data', () => seen.push(me()));
        request.on('end', () => stream.end([...seen, me()].join()));
      });
    });
    const session = http2.connect(`http://127.0.0.1:${String(await listen(made))}`);
    try {
      const request = session.request({ ':method': 'POST' });
      await sleep(5);
      request.end('body');
      let body = '';
      for await (const part of request) body += String(part);
      expect(body).toBe(event === 'request' ? 'alice,alice,alice,alice' : 'alice,alice,alice');
    } finally {
      session.destroy();
    }
  });
});

describeSwitching('a listener that was added in a flow', () => {
  test('is found, shown and removed as any other', async () => {
    const counts: Record<string, number> = {};
    const port = await serve((request, response) => {
      const listener = jest.fn();
      alice.run(() => {
        request.on('mine', listener).once('mine', listener).prependOnceListener('mine', listener);
        counts.found = request.listeners('mine').filter((each) => each === listener).length;
        counts.raw = request.rawListeners('mine').length;
        request.emit('mine', 1);
        counts.called = listener.mock.calls.length;
        counts.kept = request.listenerCount('mine');
        request.emit('mine', 2);
        counts.calledAgain = listener.mock.calls.length;
        request.once('mine', listener).off('mine', listener).removeListener('mine', listener);
        counts.left = request.listenerCount('mine');
        request.on('mine', listener).removeAllListeners('mine');
        request.emit('mine', 3);
        counts.atLast = listener.mock.calls.length;
      });
      counts.wrong = listener.mock.contexts.filter((each) => each !== request).length;
      response.end();
    });
    await post(port);
    const called = { called: 3, calledAgain: 4, atLast: 4 };
    expect(counts).toEqual({ found: 3, raw: 3, kept: 1, left: 0, wrong: 0, ...called });
  });

  test('throws to the code that emits the event, and its promise is handled as before', async () => {
    const caught: unknown[] = [];
    const port = await serve((request, response) => {
      alice.run(() => {
        request.on('mine', () => {
          throw new Error('of the listener');
        });
        // eslint-disable-next-line @typescript-eslint/no-misused-promises -- What the emitter does with it is tested.
        response.on('mine', () => Promise.reject(new Error('of the promise')));
      });
      try {
        request.emit('mine');
      } catch (error) {
        caught.push((error as Error).message);
      }
      const given = response.rawListeners('mine').map((each) => (each as () => Promise<void>)());
      given[0]?.catch((error: unknown) => {
        caught.push((error as Error).message);
        response.end();
      });
    });
    await post(port);
    expect(caught).toEqual(['of the listener', 'of the promise']);
  });
});

test('other emitters are as they were', () => {
  using token = Token.process();
  expect(token.closed).toBe(false);
  const listener = (): void => {};
  for (const emitter of [new EventEmitter(), new Readable(), new net.Socket()]) {
    expect(emitter.on('x', listener).rawListeners('x')).toEqual([listener]);
  }
  server = http.createServer();
  server.emit('request', new EventEmitter(), new Readable());
  expect(Object.hasOwn(Readable.prototype, 'emit')).toBe(false);
  expect(EventEmitter.prototype.once.name).toBe('once');
});

describeSwitching('the request in which the first token of the thread is made', () => {
  test.each(['http', 'http2'])('has its events in the flow, with node:%s', async (name) => {
    const lines = await linesOf(
      `const { Token } = require(${JSON.stringify(product)});
      const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      const server = require('node:${name}').createServer((request, response) => {
        void world.alice.token().then((token) => {
          token.run(() => {
            request.on('data', () => console.log(Token.current() === token ? 'alice' : 'the service'));
            request.on('end', () => process.exit());
            // The client sends the body when it has this.
            response.flushHeaders();
          });
        });
      });
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        const request = '${name}' === 'http'
          ? require('node:http').request({ port, method: 'POST' })
          : require('node:http2').connect('http://127.0.0.1:' + port).request({ ':method': 'POST' });
        request.on('response', () => request.end('body'));
        request.flushHeaders?.();
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['alice']);
  });
});
