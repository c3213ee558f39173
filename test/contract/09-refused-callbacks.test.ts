import type { Token } from 'impersonate';
import { expectActingAsService } from '../support/acting';
import { caught } from '../support/errors';
import { describeSwitching } from '../support/switching';
import { world } from '../support/world';

type AnyFunction = () => unknown;

describeSwitching('runSync and functions that go on later', () => {
  let alice: Token;
  let ran: string[];
  beforeEach(async () => {
    alice = await world.alice.token();
    ran = [];
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
  ])('an %s is refused before it starts', (_name, make) => {
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
  ])('a %s as the result is refused after the thread is back', (_name, work) => {
    expect(caught(() => alice.runSync(work))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_ASYNC_RESULT',
    });
    expectActingAsService();
  });

  test('the result is asked for its then only when the thread is back', () => {
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

  test('a rejected promise as the result is the error alone, not an unhandled rejection too', async () => {
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
