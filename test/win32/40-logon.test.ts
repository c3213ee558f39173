import { readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { Token, type LogonOptions, type LogonType } from 'impersonate';
import { expectActingAs, expectActingAsService } from '../support/world/acting';
import { rejected } from '../support/errors';
import { seam } from '../support/win32/seam';
import { domain, world } from '../support/world/win32';

const addon = 'impersonate.node';
const [interactive, network, batch, service] = ['S-1-5-4', 'S-1-5-2', 'S-1-5-3', 'S-1-5-6'];

afterEach(() => {
  seam().clearFaults();
  seam().releaseLogons();
});

/** Waits until that many logons wait in LogonUserW. */
async function held(count: number): Promise<void> {
  while (seam().heldLogons() !== count) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('LogonUserW is patched by the test authority', () => {
  expect(seam().patchAuthority(addon)).toContain('advapi32.dll!LogonUserW');
});

describe('the type of a logon', () => {
  test.each<[LogonType | undefined, string, 'primary' | 'impersonation']>([
    [undefined, network, 'impersonation'],
    ['network', network, 'impersonation'],
    ['interactive', interactive, 'primary'],
    ['unlock', interactive, 'primary'],
    ['networkCleartext', network, 'primary'],
    ['batch', batch, 'primary'],
    ['service', service, 'primary'],
  ])('%s makes a token of group %s that is %s', async (type, group, kind) => {
    using token = await Token.logon(world.alice.logon(type ? { type } : {}));
    expect(token.type).toBe(kind);
    expect(token.level).toBe(kind === 'primary' ? null : 'impersonation');
    expect(token.groups.map(({ id }) => id)).toContain(group);
    token.runSync(() => {
      expectActingAs(world.alice);
    });
    expectActingAsService();
  });

  test("newCredentials is the process's user, whatever the password", async () => {
    const options = world.alice.logon({ type: 'newCredentials', password: 'whatever' });
    using token = await Token.logon(options);
    expect(token.user.id).toBe(world.serviceId);
    using same = await Token.logon({ ...options, provider: 'winnt50' });
    expect(same.user.id).toBe(world.serviceId);
    for (const provider of ['default', 'winnt40'] as const) {
      expect(await rejected(Token.logon({ ...options, provider }))).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_VALUE',
      });
    }
  });

  test.each(['default', 'winnt40', 'winnt50'] as const)('provider %s', async (provider) => {
    using token = await Token.logon(world.alice.logon({ provider }));
    expect(token.user.id).toBe(world.alice.id);
  });
});

describe('a user’s name', () => {
  const local = 'S-1-5-21-1000-2000-3000-1777';
  beforeAll(() => {
    seam().defineUser({ name: 'local', domain: '.', password: 'p', sid: local });
    seam().defineUser({ name: 'jörg', domain, password: 'pässwörd €𝄞', sid: local });
  });

  test.each<[string, LogonOptions, string]>([
    ['with a domain', { user: 'alice', domain, password: 'alice' }, world.alice.id],
    ['in another case', { user: 'ALICE', domain: 'seam', password: 'alice' }, world.alice.id],
    ['as user@domain', { user: `alice@${domain}`, password: 'alice' }, world.alice.id],
    ['as DOMAIN\\user', { user: `${domain}\\alice`, password: 'alice' }, world.alice.id],
    ['as .\\user', { user: '.\\local', password: 'p' }, local],
    ['of this computer', { user: 'local', password: 'p' }, local],
    ['of this computer by name', { user: 'local', domain: '.', password: 'p' }, local],
    ['and password beyond ASCII', { user: `jörg@${domain}`, password: 'pässwörd €𝄞' }, local],
    [
      'and password beyond ASCII as bytes',
      { user: `${domain}\\jörg`, password: Buffer.from('pässwörd €𝄞') },
      local,
    ],
  ])('%s', async (_form, options, sid) => {
    using token = await Token.logon(options);
    expect(token.user.id).toBe(sid);
  });

  test('without a domain is not a user of a domain', async () => {
    const error = await rejected(Token.logon({ user: 'alice', password: 'alice' }));
    expect(error).toMatchObject({ code: 'ERROR_LOGON_FAILURE', errno: 1326 });
  });

  test.each<[string, Partial<LogonOptions>, string]>([
    ['a UPN and a domain', { user: 'alice@a', domain: 'a' }, 'options.domain'],
    ['a UPN and this computer', { user: 'alice@a', domain: '.' }, 'options.domain'],
    ['two domains', { user: 'a\\alice', domain: 'a' }, 'options.domain'],
    ['an empty domain', { user: 'alice', domain: '' }, 'options.domain'],
    ['a domain with NUL', { user: 'alice', domain: 'a\0' }, 'options.domain'],
    ['no user', { user: 'a\\' }, 'options.user'],
    ['no domain', { user: '\\alice' }, 'options.user'],
    ['no UPN suffix', { user: 'alice@' }, 'options.user'],
    ['no UPN user', { user: '@a' }, 'options.user'],
    ['two backslashes', { user: 'a\\b\\alice' }, 'options.user'],
    ['two at signs', { user: 'alice@a@b' }, 'options.user'],
    ['both forms', { user: 'a\\alice@b' }, 'options.user'],
    ['an unknown type', { type: 'toString' as never }, 'options.type'],
    ['a type that is a number', { type: 3 as never }, 'options.type'],
    ['an unknown provider', { provider: 'winnt35' as never }, 'options.provider'],
  ])('%s is rejected before any request', async (_what, changes, argument) => {
    seam().takeAuthorityRecords();
    const error = await rejected(Token.logon({ user: 'alice', password: 'alice', ...changes }));
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain(`"${argument}"`);
    expect(seam().takeAuthorityRecords()).toEqual([]);
  });

  test('the PAM service is a Linux option', async () => {
    const error = await rejected(Token.logon(world.alice.logon({ service: 'login' })));
    expect(error.code).toBe('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
  });
});

test.each<[string, number]>([
  ['ERROR_ACCOUNT_LOCKED_OUT', 1909],
  ['ERROR_ACCOUNT_EXPIRED', 1793],
  ['ERROR_ACCOUNT_DISABLED', 1331],
  ['ERROR_PASSWORD_EXPIRED', 1330],
  ['ERROR_PASSWORD_MUST_CHANGE', 1907],
  ['ERROR_ACCOUNT_RESTRICTION', 1327],
  ['ERROR_INVALID_LOGON_HOURS', 1328],
  ['ERROR_LOGON_TYPE_NOT_GRANTED', 1385],
  ['ERROR_NO_LOGON_SERVERS', 1311],
])('passes on %s', async (code, errno) => {
  const count = Token.count;
  seam().defineUser({ name: 'refused', domain, password: 'p', sid: world.alice.id, error: errno });
  const error = await rejected(Token.logon({ user: 'refused', domain, password: 'p' }));
  expect(error).toMatchObject({ name: 'ImpersonationError', code, errno, syscall: 'LogonUserW' });
  expect(Token.count).toBe(count);
});

test.each(['network', 'interactive'] as const)(
  'one that Windows accepts as a guest by %s has failed',
  async (type) => {
    // Windows does this with unknown users while Guest is enabled.
    const sid = 'S-1-5-21-1000-2000-3000-501';
    seam().defineUser({ name: 'mallory', domain: '.', password: 'anything', sid });
    const [handles, count] = [world.handleCount(), Token.count];
    const error = await rejected(Token.logon({ user: 'mallory', password: 'anything', type }));
    expect(error).toMatchObject({ code: 'ERROR_LOGON_FAILURE', errno: 1326, syscall: 'LogonUserW' });
    expect(error.message).toContain('guest');
    expect(Token.count).toBe(count);
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 1);
  },
);

describe('a logon that hangs', () => {
  const hang = { user: 'alice', domain, password: 'alice' };

  test('delays neither the event loop nor the pool nor other logons, and is made as the process', async () => {
    using bob = await world.bob.token();
    seam().takeAuthorityRecords();
    seam().holdLogons('alice');
    const waiting = bob.runSync(() => ({ all: Array.from({ length: 8 }, () => Token.logon(hang)) }));
    await held(8);
    await readFile(__filename);
    using other = await Token.logon(world.bob.logon());
    expect(other.user.id).toBe(world.bob.id);
    expect(seam().heldLogons()).toBe(8);
    seam().releaseLogons();
    for (const token of await Promise.all(waiting.all)) {
      expect(token.user.id).toBe(world.alice.id);
      token.close();
    }
    const records = seam()
      .takeAuthorityRecords()
      .filter((record) => record.function === 'LogonUserW');
    expect(records).toHaveLength(9);
    for (const { main, sid, level } of records) {
      expect({ main, sid, level }).toEqual({ main: false, sid: world.serviceId, level: 'none' });
    }
  });

  test('is aborted at once; a late token is closed, and a queued logon never begins', async () => {
    seam().takeAuthorityRecords();
    seam().holdLogons('alice');
    const count = Token.count;
    const [first, second] = [new AbortController(), new AbortController()];
    const under = Array.from({ length: 32 }, (_, index) =>
      Token.logon(index === 0 ? { ...hang, signal: first.signal } : hang),
    );
    await held(32);
    const queued = Token.logon({ ...hang, signal: second.signal });
    const last = Token.logon(world.bob.logon());
    second.abort('queued');
    expect(await rejected(queued)).toBe('queued');
    first.abort('under way');
    expect(await rejected(under[0] as Promise<Token>)).toBe('under way');
    expect(seam().heldLogons()).toBe(32);
    seam().releaseLogons();
    for (const token of await Promise.all([...under.slice(1), last])) token.close();
    const records = seam().takeAuthorityRecords();
    expect(records.filter((record) => record.subject === 'alice')).toHaveLength(32);
    expect(Token.count).toBe(count);
  });
});

describe('a logon of which a call fails', () => {
  test('does not show the password', async () => {
    seam().failImport(addon, 'LogonUserW', { error: 8 });
    const error = await rejected(Token.logon(world.alice.logon({ password: 'correct-horse' })));
    expect(inspect(error, { showHidden: true })).not.toContain('correct-horse');
  });

  test.each(['LogonUserW', 'DuplicateTokenEx'])('names %s', async (call) => {
    seam().failImport(addon, call, { error: 1450 });
    expect(await rejected(Token.logon(world.alice.logon()))).toMatchObject({
      code: 'ERROR_NO_SYSTEM_RESOURCES',
      errno: 1450,
      syscall: call,
    });
  });

  test('at the limit of tokens makes none', async () => {
    const { limit, count } = Token;
    const handles = world.handleCount();
    Token.limit = Math.max(1, count);
    using filler = count === 0 ? Token.process() : undefined;
    try {
      expect(await rejected(Token.logon(world.alice.logon()))).toMatchObject({ code: 'ERR_TOKEN_LIMIT' });
    } finally {
      Token.limit = limit;
      filler?.close();
    }
    expect(Token.count).toBe(count);
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 1);
  });
});
