import { runInNewContext } from 'node:vm';
import type { Token } from 'impersonate';
import { caught } from '../support/errors';
import { describeSwitching, expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/world';

type AnyFunction = () => unknown;

/** Of Node 22 and newer. */
const iterators = (
  globalThis as {
    Iterator?: {
      from?: (iterator: object) => object;
      prototype: { map?: (this: object, step: (value: unknown) => unknown) => object };
    };
  }
).Iterator;

describeSwitching('runSync with functions that continue later', () => {
  let alice: Token;
  let ran: string[];
  let started: string[];
  function* steps(): Generator<number, void, undefined> {
    started.push(world.whoAmI());
    yield 1;
  }
  async function* asyncSteps(): AsyncGenerator<number, void, undefined> {
    started.push(world.whoAmI());
    yield await Promise.resolve(1);
  }
  beforeEach(async () => {
    alice = await world.alice.token();
    ran = [];
    started = [];
  });
  afterEach(() => {
    alice.close();
  });

  test.each<[string, () => AnyFunction]>([
    [
      'async function',
      () => async () => {
        ran.push(world.whoAmI());
        await Promise.resolve();
      },
    ],
    [
      'generator function',
      () =>
        function* () {
          ran.push(world.whoAmI());
          yield 1;
        },
    ],
    [
      'async generator function',
      () =>
        async function* () {
          ran.push(world.whoAmI());
          yield await Promise.resolve(1);
        },
    ],
    [
      'async method',
      () =>
        ({
          async work() {
            ran.push(world.whoAmI());
            await Promise.resolve();
          },
        }).work,
    ],
  ])('throws for an %s before it starts', (_name, make) => {
    const error = caught(() => alice.runSync(make()));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    expect(error.message).toContain('fn');
    expect(ran).toEqual([]);
    expectActingAsService();
  });

  test.each<[string, AnyFunction]>([
    ['promise', () => Promise.resolve(1)],
    ['thenable object', () => ({ then: () => undefined })],
    ['thenable function', () => Object.assign(() => undefined, { then: () => undefined })],
    [
      'bound async function',
      (async () => {
        await Promise.resolve();
      }).bind(null),
    ],
    ['generator', () => steps()],
    ['bound generator function', steps.bind(null)],
    ['proxy of a generator function', new Proxy(steps, {})],
    ['async generator', () => asyncSteps()],
    ['bound async generator function', asyncSteps.bind(null)],
    ['proxy of a generator', () => new Proxy(steps(), {})],
    ['generator from another realm', () => runInNewContext('(function* () { yield 1; })()') as unknown],
    // As compilers write it for older engines.
    [
      'compiled generator',
      () => ({ next: () => ({ done: false }), throw: () => undefined, return: () => undefined }),
    ],
    ['iterator helper', () => iterators?.prototype.map?.call(steps(), (step) => step) ?? steps()],
    ['wrapped iterator', () => iterators?.from?.({ next: () => ({ done: true }) }) ?? steps()],
  ])('throws for a %s as the result after the thread has reverted', (_name, work) => {
    expect(caught(() => alice.runSync(work))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_ASYNC_RESULT',
    });
    expectActingAsService();
  });

  test('a generator as the result has not started, and is not touched', () => {
    let result: Generator | undefined;
    expect(caught(() => alice.runSync(() => (result = steps())))).toMatchObject({ code: 'ERR_ASYNC_RESULT' });
    expect(started).toEqual([]);
    expect(result?.next()).toEqual({ done: false, value: 1 });
    expect(started).toEqual([world.serviceId]);
  });

  test('returns iterators that are finished or run no code of the program', () => {
    expect(alice.runSync(() => [...steps()])).toEqual([1]);
    expect(started).toEqual([world.alice.id]);
    const values = [
      [1],
      new Set([1]),
      new Map([[1, 2]]).values(),
      [1].values(),
      'a'.matchAll(/a/g),
      { next: 1 },
    ];
    for (const value of values) expect(alice.runSync(() => value)).toBe(value);
  });

  test('a flow rejects a generator, whose steps would leave it', async () => {
    for (const make of [() => steps(), () => asyncSteps(), steps, asyncSteps] as (() => object)[]) {
      const error = caught(() => alice.run(make));
      expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_ASYNC_RESULT' });
      expect(error.message).toContain('Iterate it inside');
    }
    expect(started).toEqual([]);
    expect(alice.run(() => [...steps()])).toEqual([1]);
    const listed = await alice.run(async () => {
      const values: number[] = [];
      for await (const value of asyncSteps()) values.push(value);
      return values;
    });
    expect(listed).toEqual([1]);
  });

  test('reads the then of the result only after the thread has reverted', () => {
    const askedAs: string[] = [];
    const result = {
      get then(): undefined {
        askedAs.push(world.whoAmI());
        return undefined;
      },
    };
    expect(alice.runSync(() => result)).toBe(result);
    expect(new Set(askedAs)).toEqual(new Set([world.serviceId]));
  });

  test('a rejected promise as the result is not reported as an unhandled rejection too', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => {
      unhandled.push(reason);
    };
    process.on('unhandledRejection', listener);
    const error = caught(() => alice.runSync(() => Promise.reject(new Error('mine'))));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.off('unhandledRejection', listener);
    expect(error.code).toBe('ERR_ASYNC_RESULT');
    expect(unhandled).toEqual([]);
  });
});
