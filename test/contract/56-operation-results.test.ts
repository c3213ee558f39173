import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { PassThrough, Readable, Transform, Writable, pipeline } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { types } from 'node:util';
import { type OperationMessage, Token, withoutToken } from 'impersonate';
import { type OperationOptions, type ServiceOptions, declare } from 'impersonate/declarative';
import { caught, rejected } from '../support/errors';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { me, meTwice } from '../support/world/identity';
import { world } from '../support/world/world';

const pause = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

/** Declares one operation. */
function declared<A extends unknown[], R>(
  run: (...args: A) => R,
  operation: OperationOptions = { impersonation: 'required' },
  options: ServiceOptions = {},
): (...args: A) => R {
  const service = declare({ run }, { ...options, operations: { run: operation } });
  return (...args) => service.run(...args);
}

async function* parts(): AsyncGenerator<string> {
  for (let part = 0; part < 3; part++) {
    yield me();
    await pause();
    yield me();
  }
}

const all = async (values: AsyncIterable<unknown> | Iterable<unknown>): Promise<string> => {
  const seen = new Set<string>();
  for await (const value of values) seen.add(String(value));
  return [...seen].join();
};

/** Readable streams that find out their identity late, by how they are made. */
const streams: [string, () => Readable][] = [
  ['Readable.from()', () => Readable.from(parts())],
  [
    'a Readable',
    () => {
      let left = 4;
      return new Readable({
        read() {
          setImmediate(() => this.push(left-- > 0 ? me() + ' ' : null));
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
          transform: (_chunk, _encoding, done) => done(null, `${me()} `),
          flush: (done) => done(null, me()),
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
  ['for await', async (stream) => ((await Array.fromAsync?.(stream)) ?? [await text(stream)]).join(' ')],
  [
    'read()',
    async (stream) => {
      const seen: string[] = [];
      stream.on('readable', () => {
        for (let part: unknown = stream.read(); part !== null; part = stream.read()) seen.push(String(part));
      });
      await once(stream, 'end');
      return seen.join(' ');
    },
  ],
  ['Readable.toWeb()', async (stream) => text(Readable.toWeb(stream) as never)],
];

const words = (given: string): string => [...new Set(given.match(/alice|bob|service/g))].join();

describeSwitching('a result', () => {
  freshTokens();

  test('that is a promise or another thenable settles as the caller', async () => {
    const thenable = {
      then(resolve: (value: string) => void) {
        resolve(me());
      },
    };
    expect(await alice.run(declared(() => meTwice()))).toBe('alice');
    expect(await withoutToken(() => alice.run(declared(() => thenable)))).toBe('alice');
    const given = alice.run(declared(() => thenable));
    expect(types.isPromise(given)).toBe(true);
    const late = declared(async () => {
      await pause();
      throw new Error(me());
    });
    expect((await rejected(alice.run(late))).message).toBe('alice');
  });

  test('that is a generator runs as the caller, whoever asks for its values', async () => {
    const sync = alice.run(
      declared(function* () {
        yield me();
        try {
          yield me();
        } finally {
          yield `finally ${me()}`;
        }
      }),
    );
    expect(sync.next().value).toBe('alice');
    expect(bob.run(() => sync.next().value)).toBe('alice');
    expect(sync.return(undefined as never).value).toBe('finally alice');
    expect(await all(alice.run(declared(parts)))).toBe('alice');
    expect(await bob.run(() => all(alice.run(declared(parts))))).toBe('alice');
    expect(
      await all(
        alice.run(
          declared(async () => {
            await pause();
            return parts();
          }),
        ) as never,
      ),
    ).toBe('alice');
    // Its own declaration holds in the flow of a user too.
    expect(await alice.run(() => all(declared(parts, { impersonation: 'notAllowed' })()))).toBe('service');
    expect(me()).toBe('service');
  });

  test('that is an iterable runs as the caller of each call, also if it is returned to two', async () => {
    const shared = {
      async *[Symbol.asyncIterator]() {
        yield* parts();
      },
    };
    const lazy = {
      *[Symbol.iterator]() {
        yield me();
      },
    };
    const feed = declared(() => shared);
    const views = [alice.run(feed), bob.run(feed)];
    expect(await Promise.all(views.map(all))).toEqual(['alice', 'bob']);
    expect(await all(alice.run(declared(() => lazy)))).toBe('alice');
    const cursor = {
      next: () => Promise.resolve({ done: false, value: me() }),
      limit() {
        return this;
      },
    };
    expect(
      (
        await alice
          .run(declared(() => cursor))
          .limit()
          .next()
      ).value,
    ).toBe('alice');
  });

  test('that is a plain value stays what it is', () => {
    for (const value of [
      [1],
      new Map([[1, 2]]),
      new Set([1]),
      Buffer.from('a'),
      'text',
      null,
      { a: 1 },
      new Error('x'),
      () => 1,
    ])
      expect(alice.run(declared(() => value))).toBe(value);
  });

  describe.each(streams)('that is %s', (_name, make) => {
    test.each(readers)('is produced as the caller, read by %s', async (_reader, read) => {
      expect(words(await read(alice.run(declared(make))))).toBe('alice');
      expect(words(await bob.run(() => read(alice.run(declared(make)))))).toBe('alice');
      expect(words(await alice.run(() => read(declared(make, { impersonation: 'notAllowed' })())))).toBe(
        'service',
      );
    });
  });
});
