import { inspect } from 'node:util';
import { type LogonOptions, Token, TokenCache } from 'impersonate';
import type { Native } from '../../types/native';
import { until } from '../support/children/progress';
import { rejected } from '../support/errors';
import { describeSwitching, expectActingAs } from '../support/world/acting';
import { world } from '../support/world/world';

const { native } = jest.requireActual<{ native: Native }>('impersonate/core');
const isWindows = process.platform === 'win32';
const nameOf = (key: 'alice' | 'bob'): string => (isWindows ? `SEAM\\${key}` : world[key].name);

/** How often the system was called for a user, and with a password. */
const lookUps = jest.spyOn(native, 'tokenForUser');
const loggedOn = jest.spyOn(native, 'logon');
let count = 0;
beforeEach(() => {
  jest.clearAllMocks();
  count = Token.count;
});
afterEach(() => {
  expect(Token.count).toBe(count);
});
afterAll(() => {
  jest.restoreAllMocks();
});

describe('an argument of a token cache', () => {
  test.each<[string, unknown]>([
    ['options', 5],
    ['options.ttl', { ttl: 0 }],
    ['options.ttl', { ttl: '5' }],
    ['options.max', { max: 0 }],
    ['options.max', { max: 1.5 }],
    ['options.size', { size: 5 }],
  ])('%s in a wrong form throws', (argument, options) => {
    expect(() => new TokenCache(options as object)).toThrow(`"${argument}"`);
  });

  test.each<[string, (cache: TokenCache) => Promise<Token>]>([
    ['name', (cache) => cache.forUser('')],
    ['options.source', (cache) => cache.forUser('somebody', { source: 'nowhere' as 'auto' })],
    ['options.password', (cache) => cache.logon({ user: 'somebody' } as LogonOptions)],
    ['options.user', (cache) => cache.logon({ password: 'secret-of-nobody' } as LogonOptions)],
    [
      'options.type',
      (cache) => cache.logon({ user: 'a', password: 'b', type: NaN } as unknown as LogonOptions),
    ],
    [
      'options.domain',
      (cache) => cache.logon({ user: 'a', password: 'b', domain: 5 } as unknown as LogonOptions),
    ],
  ])('%s of a call is rejected without a request', async (argument, call) => {
    using cache = new TokenCache();
    const error = await rejected(call(cache));
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain(`"${argument}"`);
    expect([lookUps, loggedOn].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  });
});

describeSwitching('a token cache', () => {
  test('requests a token once, and gives each caller an independent token', async () => {
    using cache = new TokenCache();
    const first = await cache.forUser(nameOf('alice'));
    using second = await cache.forUser(nameOf('alice'));
    using other = await cache.forUser(nameOf('bob'));
    first.close();
    second.runSync(() => {
      expectActingAs(world.alice);
    });
    other.runSync(() => {
      expectActingAs(world.bob);
    });
    expect(lookUps).toHaveBeenCalledTimes(2);
    expect(cache.size).toBe(2);
  });

  test('does not close tokens that it has returned when it evicts', async () => {
    const cache = new TokenCache();
    using token = await cache.forUser(nameOf('alice'));
    cache.close();
    expect([cache.size, Token.count - count]).toEqual([0, 1]);
    token.runSync(() => {
      expectActingAs(world.alice);
    });
    expect((await rejected(cache.forUser(nameOf('alice')))).code).toBe('ERR_TOKEN_CACHE_CLOSED');
    expect((await rejected(cache.logon(world.alice.logon()))).code).toBe('ERR_TOKEN_CACHE_CLOSED');
  });

  test('requests again only for a user that was deleted', async () => {
    using cache = new TokenCache();
    for (const key of ['alice', 'bob'] as const) (await cache.forUser(nameOf(key))).close();
    cache.clear(nameOf('alice'));
    for (const key of ['alice', 'bob'] as const) (await cache.forUser(nameOf(key))).close();
    expect(lookUps.mock.calls.map(([name]) => name)).toEqual(
      ['alice', 'bob', 'alice'].map((key) => nameOf(key as 'alice')),
    );
    cache.clear();
    expect(cache.size).toBe(0);
  });

  test('evicts by itself when the time is over', async () => {
    using cache = new TokenCache({ ttl: 20 });
    (await cache.forUser(nameOf('alice'))).close();
    while (cache.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(Token.count).toBe(count);
    (await cache.forUser(nameOf('alice'))).close();
    expect(lookUps).toHaveBeenCalledTimes(2);
  });

  test('returns no expired token, even before it is evicted', async () => {
    using cache = new TokenCache({ ttl: 20 });
    (await cache.forUser(nameOf('alice'))).close();
    const end = performance.now() + 25;
    while (performance.now() < end);
    const again = cache.forUser(nameOf('alice'));
    expect(lookUps).toHaveBeenCalledTimes(2);
    (await again).close();
  });

  test('keeps the most recently used tokens', async () => {
    using cache = new TokenCache({ max: 2 });
    for (const key of ['alice', 'bob', 'alice'] as const) (await cache.forUser(nameOf(key))).close();
    (await cache.logon(world.alice.logon())).close();
    expect([cache.size, Token.count - count]).toEqual([2, 2]);
    (await cache.forUser(nameOf('alice'))).close();
    expect(lookUps).toHaveBeenCalledTimes(2);
    (await cache.forUser(nameOf('bob'))).close();
    expect(lookUps).toHaveBeenCalledTimes(3);
  });

  test('shares one request among concurrent callers, and one that aborts does not affect the others', async () => {
    using cache = new TokenCache();
    const controller = new AbortController();
    const impatient = cache.forUser(nameOf('alice'), { signal: controller.signal });
    const patient = [cache.forUser(nameOf('alice')), cache.forUser(nameOf('alice'))];
    controller.abort();
    expect((await rejected(impatient)).name).toBe('AbortError');
    for (const token of await Promise.all(patient)) {
      token.runSync(() => {
        expectActingAs(world.alice);
      });
      token.close();
    }
    expect(lookUps).toHaveBeenCalledTimes(1);
  });

  test('keeps nothing of a request that all callers have aborted, or that was in progress when it was cleared', async () => {
    using cache = new TokenCache();
    const controller = new AbortController();
    const alone = cache.forUser(nameOf('alice'), { signal: controller.signal });
    controller.abort();
    await rejected(alone);
    const late = cache.forUser(nameOf('bob'));
    cache.clear();
    (await late).close();
    expect(cache.size).toBe(0);
    await until(() => Token.count <= count);
  });

  test('does not cache a failure', async () => {
    using cache = new TokenCache();
    for (const round of [1, 2]) {
      expect((await rejected(cache.forUser('no-such-user'))).code).toBe('ERR_UNKNOWN_USER');
      expect(lookUps).toHaveBeenCalledTimes(round);
    }
    expect(cache.size).toBe(0);
  });

  test('serves a logon only to a caller with the password', async () => {
    using cache = new TokenCache();
    const right = world.alice.logon();
    const bytes = { ...right, password: Buffer.from(String(right.password)) };
    (await cache.logon(right)).close();
    using again = await cache.logon(bytes);
    again.runSync(() => {
      expectActingAs(world.alice);
    });
    expect(loggedOn).toHaveBeenCalledTimes(1);
    await rejected(cache.logon({ ...right, password: 'a wrong one' }));
    expect(loggedOn).toHaveBeenCalledTimes(2);
    (await cache.logon(right)).close();
    await rejected(cache.logon({ ...right, password: 'a wrong one' }));
    expect(loggedOn).toHaveBeenCalledTimes(3);
    expect(inspect(cache, { showHidden: true, depth: null })).not.toContain(String(right.password));
  });

  test('distinguishes types of logon', async () => {
    using cache = new TokenCache();
    const right = world.alice.logon();
    (await cache.logon(right)).close();
    const other = isWindows ? { ...right, type: 'interactive' as const } : { ...right, service: 'login' };
    (await cache.logon(other)).close();
    (await cache.forUser(nameOf('alice'))).close();
    expect([loggedOn, lookUps].map(({ mock }) => mock.calls.length)).toEqual([2, 1]);
  });
});
