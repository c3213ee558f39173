import { lookupAccount, NegotiateServer, runAs, runSync, Token } from 'impersonate';
import { Worker } from 'node:worker_threads';
import { caught, rejected } from '../support/errors';
import {
  alice,
  describeSwitching,
  expectActingAs,
  expectActingAsService,
  freshTokens,
} from '../support/world/acting';
import { accountOf, world } from '../support/world/world';

const isWindows = process.platform === 'win32';
const aliceName = accountOf(world.alice);
const invalidType = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };

describeSwitching('runAs()', () => {
  freshTokens();

  test('runs a flow of a user by name, and closes the token when the result settles', async () => {
    const open = Token.count;
    let within: Token | undefined;
    const result = await runAs(
      aliceName,
      async (a: number, b: number) => {
        await Promise.resolve();
        within = Token.current();
        expect(within.user.id).toBe(world.alice.id);
        runSync(() => {
          expectActingAs(world.alice);
        });
        return a + b;
      },
      1,
      2,
    );
    expect(result).toBe(3);
    expect(within?.closed).toBe(true);
    expect(Token.current().user.id).toBe(world.serviceId);
    expectActingAsService();
    expect(Token.count).toBeLessThanOrEqual(open + 2);
  });

  test('runs a flow of a given token, and leaves it open', async () => {
    const started: string[] = [];
    const promise = runAs(alice, () => {
      started.push('at once');
      return Token.current();
    });
    expect(started).toEqual(['at once']);
    expect(await promise).toBe(alice);
    expect(alice.closed).toBe(false);
  });

  test('rejects with the error of the function, and closes the token', async () => {
    const failure = new Error('mine');
    let within: Token | undefined;
    const throwing = (): never => {
      within = Token.current();
      throw failure;
    };
    expect(await rejected(runAs(aliceName, throwing))).toBe(failure);
    expect(within?.closed).toBe(true);
    expect(await rejected(runAs(aliceName, () => Promise.reject(failure)))).toBe(failure);
    expect(await rejected(runAs(alice, throwing))).toBe(failure);
    expect(alice.closed).toBe(false);
  });

  test('keeps the token until a slow result settles', async () => {
    let finish: ((value: string) => void) | undefined;
    let within: Token | undefined;
    const running = runAs(aliceName, () => {
      within = Token.current();
      return new Promise<string>((resolve) => (finish = resolve));
    });
    while (!within) await new Promise(setImmediate);
    expect(within.closed).toBe(false);
    finish?.('slow');
    expect(await running).toBe('slow');
    expect(within.closed).toBe(true);
  });

  test('runs as a Linux user by ids, and only there', async () => {
    const ids = { uid: isWindows ? 1 : Number(world.alice.id), gid: 5, groups: [6] };
    const describe = () => [Token.current().user.id, ...Token.current().groups.map(({ id }) => id)];
    const running = runAs(ids, describe);
    if (isWindows)
      expect(await rejected(running)).toMatchObject({ code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' });
    else expect(await running).toEqual([world.alice.id, '5', '6']);
  });

  test('always rejects, and calls nothing', async () => {
    const fn = jest.fn();
    const given = (who: unknown, work: unknown = fn) => rejected(runAs(who as string, work as () => void));
    expect(await given('no-such-user')).toMatchObject({ code: 'ERR_UNKNOWN_USER' });
    for (const who of [undefined, 5, {}, [], () => alice]) {
      const error = await given(who);
      expect(error).toMatchObject(invalidType);
      expect(error.message).toMatch(
        /"who" argument must be a Token, a user name, or an object with uid and gid/,
      );
    }
    expect(await given('')).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(await given({ uid: 0, gid: 0 })).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(await given({ uid: 1, gid: 1, name: 'x' })).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
    expect(await given(aliceName, 5)).toMatchObject(invalidType);
    const closed = Token.process();
    closed.close();
    expect(await given(closed)).toMatchObject({ code: 'ERR_TOKEN_CLOSED' });
    let inScope: Promise<unknown> | undefined;
    alice.runSync(() => {
      inScope = rejected(runAs(alice, fn));
    });
    expect(await inScope).toMatchObject({ code: 'ERR_SCOPE_ACTIVE' });
    expect(fn).not.toHaveBeenCalled();
  });
});

describeSwitching('the name of a token', () => {
  freshTokens();

  test('is the account, once it is known', async () => {
    using token = await Token.forUser(aliceName);
    if (!isWindows) expect(token.name).toBe(world.alice.name);
    const account = await lookupAccount(token.user);
    expect(token.name).toBe(account?.name);
    token.close();
    expect(caught(() => token.name)).toMatchObject({ code: 'ERR_TOKEN_CLOSED' });
  });
});

describeSwitching('a slip', () => {
  freshTokens();

  test('of a forgotten await is named, whether a method is called or the promise is passed on', async () => {
    const promise = Token.forUser(aliceName);
    const logon = Token.logon({ ...world.alice.logon(), password: 'wrong' });
    for (const one of [promise, logon]) {
      for (const name of ['run', 'runSync', 'impersonate', 'share'] as const) {
        const error = caught(() => (one as unknown as Token)[name](() => 1));
        expect(error).toMatchObject(invalidType);
        expect(error.message).toBe(`${name}() is called on the Promise of a Token: await it first`);
      }
    }
    const never = promise as never;
    expect(caught(() => alice.equals(never)).message).toMatch(
      /"other" .* Received .*Promise: await it first$/,
    );
    expect((await rejected(runAs(never, () => 1))).message).toMatch(/"who" .* Promise: await it first$/);
    expect(caught(() => alice.restrict(never)).message).toMatch(/Promise: await it first$/);
    await rejected(logon);
    (await promise).close();
  });

  test('of a promise in place of a function is named', () => {
    const error = caught(() => alice.run(Promise.resolve() as never));
    expect(error).toMatchObject(invalidType);
    expect(error.message).toMatch(/"fn" .* Received .*Promise: pass the function, not its result$/);
  });

  test('of asynchronous work in a synchronous scope names token.run()', () => {
    // eslint-disable-next-line @typescript-eslint/require-await
    for (const fn of [async () => 1, () => Promise.resolve(1)]) {
      const error = caught(() => alice.runSync(fn));
      expect(error.code).toMatch(/^ERR_(INVALID_ARG_VALUE|ASYNC_RESULT)$/);
      expect(error.message).toMatch(/Use token\.run\(\) for asynchronous work$/);
    }
  });

  test('of a token that is posted to a thread names share() and claim()', () => {
    const { port1, port2 } = new MessageChannel();
    try {
      for (const post of [
        () => structuredClone(alice),
        () => structuredClone({ deep: [alice] }),
        () => {
          port1.postMessage(alice);
        },
        () => new Worker('', { eval: true, workerData: { alice } }),
      ]) {
        const error = caught(post);
        expect(error.name).toBe('DataCloneError');
        expect(error.message).toMatch(/token\.share\(\).*Token\.claim\(\)/);
      }
      expect(JSON.stringify(alice)).toBe('{}');
    } finally {
      port1.close();
      port2.close();
    }
  });
});

test('a NegotiateServer cannot be posted to a thread', () => {
  if (!isWindows) return;
  const server = new NegotiateServer();
  expect(caught(() => structuredClone(server))).toMatchObject({ name: 'DataCloneError' });
});
