import { EventEmitter, once } from 'node:events';
import { impersonate, runSync, Token, withoutToken } from 'impersonate';
import { linesOf } from '../support/children/child';
import { caught, rejected } from '../support/errors';
import { tempFolder } from '../support/folders';
import {
  alice,
  bob,
  describeSwitching,
  expectActingAs,
  expectActingAsService,
  freshTokens,
} from '../support/world/acting';
import { world } from '../support/world/world';

const tick = (ms = 0): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
const who = (): string => Token.current().user.id;

describeSwitching('a flow', () => {
  freshTokens();

  test('passes on the arguments, the result and an exception', async () => {
    expect(alice.run((a: number, b: string) => `${String(a)}${b}`, 1, 'b')).toBe('1b');
    expect(await alice.run((a: number) => Promise.resolve(a + 1), 1)).toBe(2);
    const failure = new Error('mine');
    expect(
      caught(() =>
        alice.run(() => {
          throw failure;
        }),
      ),
    ).toBe(failure);
    expect(await rejected(alice.run(() => Promise.reject(failure)))).toBe(failure);
  });

  test('keeps its token over awaits, timers, ticks and events, and does not change the thread', async () => {
    await alice.run(async () => {
      expect(Token.current()).toBe(alice);
      expectActingAsService();
      await tick();
      expect(Token.current()).toBe(alice);
      await new Promise<void>((resolve) => {
        process.nextTick(() => {
          queueMicrotask(() => {
            setImmediate(() => {
              expect(Token.current()).toBe(alice);
              resolve();
            });
          });
        });
      });
      const emitter = new EventEmitter();
      setTimeout(() => emitter.emit('event'), 1);
      await once(emitter, 'event');
      expect(Token.current()).toBe(alice);
      expectActingAsService();
    });
    expect(who()).toBe(world.serviceId);
  });

  test('gives its token to runSync() and impersonate(), by the kernel', async () => {
    await alice.run(async () => {
      await tick();
      expect(
        runSync((a: number) => {
          expectActingAs(world.alice);
          return a;
        }, 7),
      ).toBe(7);
      {
        using scope = impersonate();
        expectActingAs(world.alice);
        expect(scope.token).toBe(alice);
      }
      expectActingAsService();
    });
  });

  test('outside a flow, both throw ERR_NO_TOKEN and call nothing', () => {
    const fn = jest.fn();
    expect(caught(() => runSync(fn))).toMatchObject({ name: 'ImpersonationError', code: 'ERR_NO_TOKEN' });
    expect(caught(() => impersonate())).toMatchObject({ code: 'ERR_NO_TOKEN' });
    expect(fn).not.toHaveBeenCalled();
  });

  test('a scope inside it takes precedence until it ends', async () => {
    await alice.run(async () => {
      await tick();
      bob.runSync(() => {
        expect(Token.current()).toBe(bob);
        expectActingAs(world.bob);
      });
      expect(Token.current()).toBe(alice);
    });
  });

  test('inside another flow has its own token, and the outer flow keeps its', async () => {
    await alice.run(async () => {
      const inner = bob.run(async () => {
        await tick(2);
        expect(Token.current()).toBe(bob);
        runSync(() => {
          expectActingAs(world.bob);
        });
      });
      expect(Token.current()).toBe(alice);
      await inner;
      expect(Token.current()).toBe(alice);
      runSync(() => {
        expectActingAs(world.alice);
      });
    });
  });

  test('withoutToken() acts as the process, and so does the work that it starts', async () => {
    await alice.run(async () => {
      const later = withoutToken(async (n: number) => {
        expect(who()).toBe(world.serviceId);
        expect(caught(() => runSync(() => 0)).code).toBe('ERR_NO_TOKEN');
        await tick();
        expect(who()).toBe(world.serviceId);
        return n;
      }, 3);
      expect(Token.current()).toBe(alice);
      expect(await later).toBe(3);
      expect(Token.current()).toBe(alice);
    });
  });

  test('withoutToken() suspends a synchronous scope until it returns', () => {
    alice.runSync(() => {
      withoutToken(() => {
        expectActingAsService();
        expect(who()).toBe(world.serviceId);
      });
      expectActingAs(world.alice);
    });
    {
      using _scope = bob.impersonate();
      expect(
        caught(() =>
          withoutToken(() => {
            throw new Error('mine');
          }),
        ).message,
      ).toBe('mine');
      expectActingAs(world.bob);
    }
  });

  test('cannot begin inside a synchronous scope', () => {
    const fn = jest.fn();
    alice.runSync(() => {
      expect(caught(() => bob.run(fn))).toMatchObject({ code: 'ERR_SCOPE_ACTIVE' });
    });
    {
      using _scope = alice.impersonate();
      expect(caught(() => alice.run(fn))).toMatchObject({ code: 'ERR_SCOPE_ACTIVE' });
    }
    expect(fn).not.toHaveBeenCalled();
  });

  test.each([
    ['nothing', undefined],
    ['a promise', Promise.resolve()],
    ['an object', { call: 0 }],
  ])('throws for %s as the function', (_name, fn) => {
    for (const call of [
      () => alice.run(fn as never),
      () => withoutToken(fn as never),
      () => alice.run(() => runSync(fn as never)),
    ]) {
      expect(caught(call)).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  test('cannot begin with a token of identification level', () => {
    using looked = alice.duplicate({ level: 'identification' });
    const fn = jest.fn();
    expect(caught(() => looked.run(fn))).toMatchObject({ code: 'ERR_TOKEN_LEVEL' });
    expect(fn).not.toHaveBeenCalled();
  });

  test('gives precedence to a scope inside it for file operations too', async () => {
    const folder = tempFolder('scope-in-flow');
    const lines = await linesOf(`
      const { join } = require('node:path');
      const impersonateFs = require(${JSON.stringify(require.resolve('../../dist/fs'))});
      const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
      const fileOf = (name) => join(${JSON.stringify(folder)}, name);
      for (const name of ['alice', 'bob']) {
        fs.writeFileSync(fileOf(name), 'of ' + name);
        world.own(fileOf(name), world[name]);
      }
      const outcome = (work) => work.then(String, ({ code }) => (/^(EACCES|EPERM)$/.test(code) ? 'denied' : code));
      await tokens.alice.run(async () => {
        let pending;
        tokens.bob.runSync(() => {
          pending = ['alice', 'bob'].map((name) => outcome(impersonateFs.readFile(fileOf(name))));
        });
        print((await Promise.all(pending)).join());
        print(await outcome(impersonateFs.readFile(fileOf('alice'))));
      });`);
    expect(lines).toEqual(['denied,of bob', 'of alice']);
  });

  test('cannot begin with a closed token', async () => {
    const closed = await world.alice.token();
    closed.close();
    expect(caught(() => closed.run(() => 0)).code).toBe('ERR_TOKEN_CLOSED');
  });

  test('keeps its closed token alive, while all others find it closed', async () => {
    const token = await world.alice.token();
    await token.run(async () => {
      token.close();
      await tick();
      expect(token.closed).toBe(true);
      expect(caught(() => token.runSync(() => 0)).code).toBe('ERR_TOKEN_CLOSED');
      expect(Token.current().user.id).toBe(world.alice.id);
      expect(Token.current().equals(alice)).toBe(true);
      runSync(() => {
        expectActingAs(world.alice);
      });
      {
        using scope = impersonate();
        expectActingAs(world.alice);
        expect(scope.token.user.id).toBe(world.alice.id);
      }
      await bob.run(tick);
      runSync(() => {
        expectActingAs(world.alice);
      });
    });
  });

  test('keeps its token alive for work that is not awaited', async () => {
    const token = await world.bob.token();
    let seen = '';
    token.run(() => {
      setTimeout(() => {
        runSync(() => {
          seen = world.whoAmI();
        });
      }, 5);
    });
    token.close();
    await tick(20);
    expect(seen).toBe(world.bob.id);
  });

  test('releases a closed token after nothing can resume the flow', async () => {
    for (let round = 0; round < 25_000; round++) {
      const token = alice.duplicate();
      const flow = token.run(async () => {
        await Promise.resolve();
      });
      token.close();
      await flow;
      if (round % 100 === 0) await tick();
    }
    expect(Token.count).toBeLessThan(Token.limit / 2);
  });
});
