import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enablePrivileges, type ImpersonationLevel, type RestrictOptions, Token } from 'impersonate';
import { caught, rejected } from '../support/errors';
import { tempFolder } from '../support/folders';
import { describeSwitching, expectActingAs } from '../support/world/acting';
import { world } from '../support/world/world';

const isWindows = process.platform === 'win32';

describeSwitching('the pool key', () => {
  const lessThanAlice: RestrictOptions = isWindows ? { denyOnly: [world.alice.group] } : { dropGroups: true };

  test('is equal for tokens of the same identity', async () => {
    using alice = await world.alice.token();
    using copy = alice.duplicate();
    using claimed = Token.claim(alice.share());
    expect([alice.poolKey, copy.poolKey, claimed.poolKey]).toEqual(Array(3).fill(alice.poolKey));
    expect(alice.poolKey.startsWith(`${world.alice.id};`)).toBe(true);
    expect(alice.runSync(() => alice.duplicate().poolKey)).toBe(alice.poolKey);
  });

  test('differs for another user, for fewer groups and for a lower level', async () => {
    using alice = await world.alice.token();
    using bob = await world.bob.token();
    using restricted = alice.restrict(lessThanAlice);
    using looked = alice.duplicate({ level: 'identification' });
    using service = Token.process();
    const keys = [alice, bob, restricted, looked, service].map(({ poolKey }) => poolKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('cannot be read from a closed token', async () => {
    const alice = await world.alice.token();
    expect(alice.poolKey).toBe(alice.poolKey);
    alice.close();
    expect(caught(() => alice.poolKey).code).toBe('ERR_TOKEN_CLOSED');
  });
});

describe('canAccess', () => {
  test.each<[string, unknown, unknown]>([
    ['target', undefined, 'read'],
    ['target', '', 'read'],
    ['target', 'a\0b', 'read'],
    ['target', {}, 'read'],
    ['target', { sddl: 'O:SYG:SYD:', securityDescriptor: Buffer.alloc(20) }, 'read'],
    ['target.path', { path: '.' }, 'read'],
    ['target.sddl', { sddl: 1 }, 'read'],
    ['target.securityDescriptor', { securityDescriptor: 'O:SYG:SYD:' }, 'read'],
    ['access', '.', undefined],
    ['access', '.', []],
    ['access', '.', 'all'],
    ['access[1]', '.', ['read', 'toString']],
    ['access', '.', 0],
    ['access', '.', -1],
    ['access', '.', 2 ** 32],
    ['access', '.', 1.5],
  ])('names the wrong argument %s: %p, %p', async (argument, target, access) => {
    using token = Token.process();
    const error = await rejected(token.canAccess(target as never, access as never));
    expect(error.name).toBe('TypeError');
    expect(error.code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    expect(error.message).toContain(`"${argument}"`);
  });

  test('rejects a closed token', async () => {
    const token = Token.process();
    token.close();
    expect((await rejected(token.canAccess('.', 'read'))).code).toBe('ERR_TOKEN_CLOSED');
  });

  test('allows what the process has made', async () => {
    const folder = tempFolder('can-access');
    mkdirSync(join(folder, 'inner'));
    const file = join(folder, 'file');
    writeFileSync(file, '');
    using token = Token.process().duplicate();
    const checks = [
      token.canAccess(file, 'read'),
      token.canAccess(file, ['read', 'write']),
      token.canAccess(join(folder, 'inner'), ['read', 'write', 'execute']),
    ];
    token.close(); // checks that have begun go on
    expect(await Promise.all(checks)).toEqual([true, true, true]);
  });

  test('rejects if the path does not exist', async () => {
    using token = Token.process();
    const error = await rejected(token.canAccess(join(tempFolder('can-access'), 'nothing'), 'read'));
    expect(error.code).toBe(isWindows ? 'ERROR_FILE_NOT_FOUND' : 'ENOENT');
  });
});

test.each<[string, unknown]>([
  ['flags', 'luaToken'],
  ['flags[0]', ['lua']],
  ['flags', ['writeRestricted']],
  ['restrictingSids', 'S-1-1-0'],
  ['restrictingSids[1]', ['S-1-1-0', 5]],
  ['integrity', 'lowest'],
  ['integrity', 4096],
])('restrict names the wrong option %s: %p', (option, value) => {
  using token = Token.process();
  const key = option.replace(/\[.*/, '');
  const count = Token.count;
  const error = caught(() => token.restrict({ removePrivileges: [], [key]: value }));
  expect(error).toMatchObject({ name: 'TypeError' });
  expect(error.message).toContain(`options.${option}`);
  expect(Token.count).toBe(count);
});

test.each<[string, unknown]>([
  ['names', undefined],
  ['names', 'SeBackupPrivilege'],
  ['names', []],
  ['names[1]', ['SeBackupPrivilege', 1]],
  ['names[0]', ['']],
])('enablePrivileges names the wrong argument %s', (argument, names) => {
  const error = caught(() => enablePrivileges(names as never));
  expect(error).toMatchObject({ name: 'TypeError' });
  expect(error.message).toContain(`"${argument}"`);
});

describe('restrict', () => {
  test('requires at least one option', () => {
    using token = Token.process();
    for (const options of [{}, undefined]) {
      expect(caught(() => token.restrict(options as never)).code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
    }
  });

  test('removes privileges from the new token only', () => {
    using token = Token.process();
    const names = token.privileges.map((privilege) => privilege.name);
    const [name] = names;
    if (name === undefined) return; // a service without privileges has none to lose; the port's tests mint some
    using restricted = token.restrict({ removePrivileges: [name] });
    expect(restricted.privileges.map((privilege) => privilege.name)).not.toContain(name);
    expect(token.privileges.map((privilege) => privilege.name)).toEqual(names);
    expect(restricted.equals(token)).toBe(false);
  });

  test('names options that this system does not have', () => {
    using token = Token.process();
    const options =
      process.platform === 'win32' ? { dropGroups: true as const } : { denyOnly: ['S-1-5-32-544'] };
    const error = caught(() => token.restrict(options));
    expect(error.code).toBe('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
  });
});

describeSwitching('duplicate', () => {
  test('makes an independent token', async () => {
    const alice = await world.alice.token();
    using copy = alice.duplicate();
    expect(copy).not.toBe(alice);
    expect(copy.equals(alice)).toBe(true);
    alice.close();
    expect(copy.closed).toBe(false);
    copy.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test.each<ImpersonationLevel>(['anonymous', 'identification'])(
    'at level %s it cannot be entered',
    async (level) => {
      using alice = await world.alice.token();
      using looked = alice.duplicate({ level });
      expect(looked.level).toBe(level);
      let ran = false;
      const work = (): void => {
        ran = true;
      };
      for (const enter of [
        () => {
          looked.impersonate().revert();
        },
        () => {
          looked.runSync(work);
        },
      ]) {
        expect(caught(enter)).toMatchObject({ name: 'ImpersonationError', code: 'ERR_TOKEN_LEVEL' });
      }
      expect(ran).toBe(false);
    },
  );

  test('cannot raise the level', async () => {
    using alice = await world.alice.token();
    using looked = alice.duplicate({ level: 'identification' });
    const count = Token.count;
    const error = caught(() => looked.duplicate({ level: 'impersonation' }));
    expect(error.name).toBe('ImpersonationError');
    expect(error.code).toMatch(/^(ERROR_BAD_IMPERSONATION_LEVEL|ERR_TOKEN_LEVEL)$/);
    expect(Token.count).toBe(count);
  });

  test('of the process token is an impersonation token of the service', () => {
    using service = Token.process();
    using copy = service.duplicate({ level: 'impersonation' });
    expect(copy.type).toBe('impersonation');
    expect(copy.user.id).toBe(world.serviceId);
    copy.runSync(() => {
      expect(world.whoAmI()).toBe(world.serviceId);
    });
  });
});
