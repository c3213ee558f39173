import { createContext, runInContext } from 'node:vm';
import type { Token } from 'impersonate';
import { caught } from '../support/errors';
import { describeSwitching, expectActingAs, expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/world';

describeSwitching('runSync', () => {
  let alice: Token;
  beforeEach(async () => {
    alice = await world.alice.token();
  });
  afterEach(() => {
    alice.close();
  });

  test('acts as the user while the function runs and reverts after it', () => {
    expectActingAsService();
    alice.runSync(() => {
      expectActingAs(world.alice);
    });
    expectActingAsService();
  });

  test('passes the arguments and returns the result', () => {
    const object = {};
    expect(alice.runSync((a: number, b: string) => [a, b], 1, 'two')).toEqual([1, 'two']);
    expect(alice.runSync((value: object) => value, object)).toBe(object);
    expect(alice.runSync((...all: number[]) => all.length, ...Array.from({ length: 50 }, (_, i) => i))).toBe(
      50,
    );
    const nothing: unknown = alice.runSync((): unknown => undefined);
    expect(nothing).toBeUndefined();
  });

  test('calls the function without a receiver', () => {
    const receiver = alice.runSync(function (this: unknown) {
      'use strict';
      return this;
    });
    expect(receiver).toBeUndefined();
  });

  test('reverts when the callback throws, and rethrows the error', () => {
    for (const thrown of [new Error('mine'), 'a string', undefined, null]) {
      let got: unknown = 'nothing';
      try {
        alice.runSync(() => {
          throw thrown;
        });
      } catch (error) {
        got = error;
      }
      expect(got).toBe(thrown);
      expectActingAsService();
    }
  });

  test('reverts when the stack overflows', () => {
    let deepest = 0;
    const recurse = (depth: number): void => {
      deepest = depth;
      alice.runSync(recurse, depth + 1);
    };
    expect(
      caught(() => {
        recurse(0);
      }),
    ).toMatchObject({ name: 'RangeError' });
    expect(deepest).toBeGreaterThan(10);
    expectActingAsService();
  });

  test('reverts when a vm timeout ends the function without its finally', () => {
    const context = createContext({ alice, act: () => world.whoAmI() });
    const endless = 'alice.runSync(() => { try { for (;;); } finally { for (;;); } })';
    expect(caught(() => runInContext(endless, context, { timeout: 50 }) as unknown)).toMatchObject({
      code: 'ERR_SCRIPT_EXECUTION_TIMEOUT',
    });
    expectActingAsService();
  });

  test('runs a thousand times', () => {
    for (let round = 0; round < 1000; round++) {
      expect(alice.runSync(world.whoAmI)).toBe(world.alice.id);
      expect(world.whoAmI()).toBe(world.serviceId);
    }
  });
});
