import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { PassThrough, Readable, Transform, pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import { types } from 'node:util';
import { type OperationMessage, Token } from 'impersonate';
import { type OperationOptions, type ServiceOptions, declare } from 'impersonate/declarative';
import { until } from '../support/children/progress';
import { caught, rejected } from '../support/errors';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { me, meTwice } from '../support/world/identity';
import { world } from '../support/world/world';

const pause = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

const required: OperationOptions = { impersonation: 'required' };

/** Declares one operation. */
function declared<A extends unknown[], R>(
  run: (...args: A) => R,
  options: OperationOptions = required,
  service: ServiceOptions = {},
): (...args: A) => R {
  const made = declare({ run }, { ...service, operations: { run: options } });
  return (...args) => made.run(...args);
}

/** Calls an operation in the user's flow. token.run() itself returns no generator. */
const as = <R>(token: Token, run: () => R): R => token.run(() => ({ result: run() })).result;

async function* parts(): AsyncGenerator<string> {
  for (let part = 0; part < 3; part++) {
    yield `${me()} `;
    await pause();
    yield `${me()} `;
  }
}

async function all(values: AsyncIterable<unknown> | Iterable<unknown>): Promise<string> {
  let seen = '';
  for await (const value of values) seen += String(value);
  return words(seen);
}

const words = (given: string): string => [...new Set(given.match(/alice|bob|service/g))].join();

/** Readable streams that find out their identity late, by how they are made. */
const streams: [string, () => Readable][] = [
  ['Readable.from()', () => Readable.from(parts())],
  [
    'a Readable',
    () => {
      let left = 4;
      return new Readable({
        read() {
          setImmediate(() => this.push(left-- > 0 ? `${me()} ` : null));
        },
      });
    },
  ],
  [
    'a Transform',
    () => {
      const source = new PassThrough();
      setImmediate(() => source.end('a'));
      return source.pipe(
        new Transform({
          transform(_chunk, _encoding, done) {
            done(null, `${me()} `);
          },
          flush(done) {
            done(null, me());
          },
        }),
      );
    },
  ],
];

/** Ways to read a stream. */
const readers: [string, (stream: Readable) => Promise<string>][] = [
  ['text()', (stream) => text(stream)],
  ['pipe()', (stream) => text(stream.pipe(new PassThrough()))],
  ['pipeline()', (stream) => text(pipeline(stream, new PassThrough(), () => {}))],
  ['for await', (stream) => all(stream)],
  [
    'read()',
    async (stream) => {
      const seen: string[] = [];
      stream.setEncoding('utf8').on('readable', () => {
        for (let part = stream.read() as unknown; part !== null; part = stream.read())
          seen.push(part as string);
      });
      await once(stream, 'end');
      return seen.join(' ');
    },
  ],
  ['Readable.toWeb()', async (stream) => text(Readable.toWeb(stream) as never)],
];

describeSwitching('a result', () => {
  freshTokens();

  test('that is a promise or another thenable settles as the caller', async () => {
    const thenable = {
      then(resolve: (value: string) => void) {
        resolve(me());
      },
    };
    expect(
      await as(
        alice,
        declared(() => meTwice()),
      ),
    ).toBe('alice');
    const given = as(
      alice,
      declared(() => thenable),
    );
    expect(types.isPromise(given)).toBe(true);
    expect(await given).toBe('alice');
    const late = declared(async () => {
      await pause();
      throw new Error(me());
    });
    expect((await rejected(as(alice, late))).message).toBe('alice');
  });

  test('that is a generator runs as the caller, whoever requests its values', async () => {
    const sync = as(
      alice,
      declared(function* () {
        yield me();
        try {
          yield me();
        } finally {
          yield `finally ${me()}`;
        }
      }),
    );
    expect(sync[Symbol.iterator]()).toBe(sync);
    expect(sync.next().value).toBe('alice');
    expect(bob.run(() => sync.next().value)).toBe('alice');
    expect(sync.return(undefined as never).value).toBe('finally alice');
    expect(await all(as(alice, declared(parts)))).toBe('alice');
    expect(await bob.run(() => all(as(alice, declared(parts))))).toBe('alice');
    const late = declared(async () => {
      await pause();
      return { generator: parts(), [Symbol.asyncIterator]: parts };
    });
    expect(await all(await as(alice, late))).toBe('alice');
    // Its own declaration holds in the flow of a user too.
    expect(await alice.run(() => all(declared(parts, { impersonation: 'notAllowed' })()))).toBe('service');
    expect(me()).toBe('service');
  });

  test('that is an iterable runs as the caller of each call, also if two callers get the same one', async () => {
    const shared = {
      async *[Symbol.asyncIterator]() {
        yield* parts();
      },
    };
    const feed = declared(() => shared);
    expect(await Promise.all([as(alice, feed), as(bob, feed), shared].map(all))).toEqual([
      'alice',
      'bob',
      'service',
    ]);
    const lazy = {
      *[Symbol.iterator]() {
        yield me();
      },
    };
    expect(
      await all(
        as(
          alice,
          declared(() => lazy),
        ),
      ),
    ).toBe('alice');
    const cursor = {
      next: () => Promise.resolve({ done: false, value: me() }),
      limit() {
        return this;
      },
    };
    expect(
      (
        await as(
          alice,
          declared(() => cursor),
        )
          .limit()
          .next()
      ).value,
    ).toBe('alice');
  });

  test('that is an iterable without a generator runs as the caller', () => {
    const rows = {
      [Symbol.iterator]() {
        let left = 2;
        return { next: () => (left-- > 0 ? { done: false, value: me() } : { done: true, value: me() }) };
      },
    };
    const values = declared(() => rows as Iterable<string>, required, { caller: () => alice })();
    expect([...values]).toEqual(['alice', 'alice']);
  });

  test('that is a response has its body produced as the caller', async () => {
    const make = (): Response => {
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            controller.enqueue(Buffer.from(me()));
            controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body, { status: 201, headers: { 'x-own': 'yes' } });
    };
    const response = declared(make, required, { caller: () => alice })();
    expect([response.status, response.headers.get('x-own')]).toEqual([201, 'yes']);
    expect(await response.text()).toBe('alice');
    const empty = new Response(null, { status: 204 });
    expect(declared(() => empty, required, { caller: () => alice })()).toBe(empty);
  });

  test('that is a promise of a class with its own then() begins its work as the caller', async () => {
    class Late extends Promise<string> {
      override then<A, B>(...settlers: Parameters<Promise<string>['then']>): Promise<A | B> {
        return Promise.resolve(me()).then(...settlers) as Promise<A | B>;
      }
    }
    const late = declared(() => new Late(() => {}) as Promise<string>, required, { caller: () => alice });
    expect(await late()).toBe('alice');
  });

  test('that is an Observable is subscribed to as the caller, and keeps a made token until its end', async () => {
    const ends: (() => void)[] = [];
    const observable = {
      pipe: () => undefined,
      subscribe: (next: (value: string) => void) => {
        next(me());
        setImmediate(() => next(me()));
        return { add: (end: () => void) => ends.push(end) };
      },
    };
    const messages: OperationMessage[] = [];
    const record = (message: unknown): void => void messages.push(message as OperationMessage);
    subscribe('impersonate:operation', record);
    try {
      const made = declared(() => observable, required, { caller: () => alice })();
      const seen: string[] = [];
      made.subscribe((value) => seen.push(value));
      await until(() => seen.length === 2);
      expect([seen, messages]).toEqual([['alice', 'alice'], []]);
      ends.forEach((end) => end());
      expect(messages.map(({ outcome }) => outcome)).toEqual(['ok']);
    } finally {
      unsubscribe('impersonate:operation', record);
    }
  });

  test('that is refused after a promise has its failure published', async () => {
    const outcomes: string[] = [];
    const record = (message: unknown): void => void outcomes.push((message as OperationMessage).outcome);
    const shared = new PassThrough();
    const callers = [alice, bob];
    const run = declared(() => Promise.resolve(shared), required, { caller: () => callers.shift() });
    await run();
    subscribe('impersonate:operation', record);
    try {
      expect((await rejected(run())).code).toBe('ERR_IDENTITY_CONFLICT');
      expect(outcomes).toEqual(['error']);
    } finally {
      unsubscribe('impersonate:operation', record);
      shared.destroy();
    }
  });

  test('is looked at as the caller', () => {
    const seen: string[] = [];
    const value = {
      get next(): undefined {
        seen.push(me());
        return undefined;
      },
    };
    expect(declared(() => value, required, { caller: () => alice })()).toBe(value);
    expect(new Set(seen)).toEqual(new Set(['alice']));
  });

  test('that is a plain value stays what it is', () => {
    const values = [
      [1],
      new Map([[1, 2]]),
      new Set([1]),
      Buffer.from('a'),
      'text',
      null,
      { a: 1 },
      new Error('x'),
    ];
    for (const value of values)
      expect(
        as(
          alice,
          declared(() => value),
        ),
      ).toBe(value);
    const listener = (): number => 1;
    expect(
      as(
        alice,
        declared(() => listener),
      ),
    ).toBe(listener);
  });

  describe.each(streams)('that is %s', (_name, make) => {
    test.each(readers)('is produced as the caller, read by %s', async (_reader, read) => {
      expect(words(await read(as(alice, declared(make))))).toBe('alice');
      expect(words(await bob.run(() => read(as(alice, declared(make)))))).toBe('alice');
      const own = declared(make, { impersonation: 'notAllowed' });
      expect(words(await alice.run(() => read(own())))).toBe('service');
    });
  });

  test('that is a web stream is produced as the caller', async () => {
    const make = (): ReadableStream<string> => {
      let left = 3;
      return new ReadableStream<string>({
        async pull(controller) {
          await pause();
          if (left-- > 0) controller.enqueue(`${me()} `);
          else controller.close();
        },
      });
    };
    const stream = (): ReadableStream<string> => as(alice, declared(make));
    expect(await all(stream())).toBe('alice');
    expect(await bob.run(() => all(stream()))).toBe('alice');
    expect(words(await new Response(stream().pipeThrough(new TextEncoderStream())).text())).toBe('alice');
    expect(await all(Readable.fromWeb(stream() as never))).toBe('alice');
    const [one, two] = stream().tee();
    expect(await Promise.all([all(one), all(two)])).toEqual(['alice', 'alice']);
    const cancelled: string[] = [];
    const source = declared(() => new ReadableStream({ cancel: () => void cancelled.push(me()) }));
    await as(alice, source).cancel();
    expect(cancelled).toEqual(['alice']);
    const failing = declared(() => new ReadableStream({ pull: () => Promise.reject(new Error(me())) }));
    expect((await rejected(all(as(alice, failing)))).message).toBe('alice');
  });

  test('that is a stream emits its events and is destroyed as the caller', async () => {
    const seen = new Set<string>();
    const see = (): unknown => seen.add(me());
    let left = 2;
    const make = (): Readable =>
      new Readable({
        read() {
          if (left-- > 0) this.push('a');
        },
        destroy(_error, done) {
          see();
          done(null);
        },
      });
    const stream = as(alice, declared(make));
    await new Promise((resolve) => stream.on('data', resolve).on('data', see));
    stream.on('close', see).destroy();
    await once(stream, 'close');
    expect([...seen]).toEqual(['alice']);
  });

  test('that is a stream is produced as its reader if impersonateOnSerializingReply is false', async () => {
    const make = (): Readable => Readable.from(parts());
    const ways = [
      declared(make, { ...required, impersonateOnSerializingReply: false }),
      declared(make, required, { impersonateOnSerializingReply: false }),
    ];
    for (const run of ways) {
      expect(await all(as(alice, run))).toBe('service');
      expect(await bob.run(() => all(as(alice, run)))).toBe('bob');
    }
    const web = (): ReadableStream<string> =>
      new ReadableStream(
        {
          pull(controller) {
            controller.enqueue(me());
            controller.close();
          },
        },
        { highWaterMark: 0 },
      );
    expect(await all(as(alice, declared(web)))).toBe('alice');
    const asReader = declared(web, { ...required, impersonateOnSerializingReply: false });
    expect(await all(as(alice, asReader))).toBe('service');
    const kept = { ...required, impersonateOnSerializingReply: true };
    expect(await all(as(alice, declared(make, kept, { impersonateOnSerializingReply: false })))).toBe(
      'alice',
    );
  });

  test('that is a stream of one caller is not given to another', () => {
    const shared = Readable.from(parts());
    const feed = declared(() => shared);
    expect([as(alice, feed), as(alice, feed)]).toEqual([shared, shared]);
    expect(caught(() => as(bob, feed)).code).toBe('ERR_IDENTITY_CONFLICT');
    shared.destroy();
  });

  test('keeps the token until it has settled, which closes a token that was made for the call', async () => {
    for (const make of [parts, () => ({ [Symbol.asyncIterator]: parts }), () => Readable.from(parts())]) {
      const token = await world.alice.token();
      const forUser = jest.spyOn(Token, 'forUser').mockResolvedValue(token);
      try {
        const run = declared(make as () => AsyncIterable<string>, required, { caller: () => 'alice' });
        const values = (await (run() as unknown as Promise<AsyncIterable<string>>))[Symbol.asyncIterator]();
        expect((await values.next()).value).toBe('alice ');
        expect(token.closed).toBe(false);
        for (let step = await values.next(); !step.done; step = await values.next())
          expect(step.value).toBe('alice ');
        await until(() => token.closed);
        expect(token.closed).toBe(true);
      } finally {
        forUser.mockRestore();
      }
    }
  });

  test('acts as a token that is closed meanwhile', async () => {
    const token = await world.alice.token();
    const stream = as(
      token,
      declared(() => Readable.from(parts())),
    );
    token.close();
    expect(await all(stream)).toBe('alice');
  });
});

describeSwitching('impersonate:operation', () => {
  freshTokens();
  const seen: OperationMessage[] = [];
  const identities: string[] = [];
  const note = (message: unknown): void => {
    seen.push(message as OperationMessage);
    identities.push(me());
  };
  beforeEach(() => {
    seen.length = identities.length = 0;
    subscribe('impersonate:operation', note);
  });
  afterEach(() => {
    unsubscribe('impersonate:operation', note);
  });

  test('publishes the name, both identities, the outcome and the duration', async () => {
    const shown = alice.duplicate({ level: 'identification' });
    const failing = declared(() => Promise.reject(Object.assign(new Error('x'), { code: 'EACCES' })));
    await alice.run(declared(meTwice));
    await rejected(alice.run(failing));
    caught(declared(() => 0));
    caught(declared(() => 0, required, { caller: () => shown }));
    await alice.run(declared(meTwice, { impersonation: 'notAllowed', name: 'own name' }));
    shown.close();
    const process = expect.objectContaining({ id: world.serviceId }) as unknown;
    const user = expect.objectContaining({ id: world.alice.id }) as unknown;
    const duration = expect.any(Number) as unknown;
    const operation = 'service.run';
    expect(seen).toEqual([
      { operation, process, user, outcome: 'ok', duration },
      { operation, process, user, outcome: 'error', code: 'EACCES', duration },
      { operation, process, outcome: 'denied', code: 'ERR_CALLER_REQUIRED', duration },
      { operation, process, user, outcome: 'denied', code: 'ERR_TOKEN_LEVEL', duration },
      { operation: 'own name', process, user: process, outcome: 'ok', duration },
    ]);
    expect(new Set(identities)).toEqual(new Set(['service']));
  });

  test('publishes once, when the last of the result has been produced', async () => {
    const stream = as(
      alice,
      declared(() => Readable.from(parts())),
    );
    await pause();
    expect(seen).toEqual([]);
    await all(stream);
    await until(() => seen.length > 0);
    for (const value of as(
      bob,
      declared(() => [1, 2].values()),
    ))
      expect([value, seen.length]).toEqual([value, 1]);
    const one = declared(() => [3].values());
    const values = as(bob, one);
    expect([values.next().done, values.next().done, values.next().done]).toEqual([false, true, true]);
    expect(seen.map(({ user, outcome }) => [user?.id, outcome])).toEqual([
      [world.alice.id, 'ok'],
      [world.bob.id, 'ok'],
      [world.bob.id, 'ok'],
    ]);
    expect(new Set(identities)).toEqual(new Set(['service']));
  });
});

describeSwitching('spanAttributes', () => {
  freshTokens();

  test('sets enduser.id of the active span, as the process', async () => {
    const attributes: unknown[] = [];
    const span = { setAttribute: (...attribute: unknown[]) => attributes.push([...attribute, me()]) };
    const api = { trace: { getActiveSpan: () => span } };
    jest.doMock('@opentelemetry/api', () => api, { virtual: true });
    const options = { spanAttributes: true };
    await alice.run(declared(meTwice, required, options));
    await bob.run(declared(meTwice, { impersonation: 'notAllowed' }, options));
    expect(attributes).toEqual([['enduser.id', world.alice.id, 'service']]);
  });
});
