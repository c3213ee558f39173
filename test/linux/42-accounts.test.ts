import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ForIdsOptions, lookupAccount, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { caught, rejected } from '../support/errors';
import { tempFolder } from '../support/folders';
import { threadStatus } from '../support/linux/thread-status';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

test.each(['no-such-user', '0', '-1', '4294967295', ' root', 'root ', 'x'.repeat(1000), '../root', 'ß'])(
  'the name %p is unknown',
  async (name) => {
    const count = Token.count;
    const error = await rejected(Token.forUser(name));
    expect(error).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_UNKNOWN_USER',
      syscall: 'getpwnam_r',
    });
    expect(Token.count).toBe(count);
  },
);

test.each([[undefined], [null], [0], [NaN], [-1], [''], ['root\0x'], [{}], [['root']], [Symbol('root')]])(
  'the name %p is an argument error',
  async (name) => {
    const error = await rejected(Promise.resolve().then(() => Token.forUser(name as never)));
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain('name');
    expect(error.code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
  },
);

test('Token.fromHandle() is a Windows feature', () => {
  const error = caught(() => Token.fromHandle(4n));
  expect(error.code).toBe('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
});

describeSwitching('the user database', () => {
  test('provides ids, groups and names', async () => {
    using token = await Token.forUser('imp-alice');
    expect(token.user).toMatchObject({ uid: world.alice.uid, id: world.alice.id });
    expect(token.groups.map((group) => group.gid).sort()).toEqual([...world.alice.groups].sort());
    expect(await lookupAccount(token.user)).toEqual({ name: 'imp-alice' });
    const staff = token.groups.find((group) => group.id === world.alice.group);
    expect(staff && (await lookupAccount(staff))).toEqual({ name: 'imp-staff' });
  });

  // The kernel takes the id -1 for "leave it as it is": a switch to it would run as the service.
  test('rejects ids that mean "no change", and takes groups beyond the usual number', async () => {
    const folder = tempFolder('passwd');
    const many = Array.from(
      { length: 300 },
      (_, index) => `imp-many-${String(index)}:x:${String(31000 + index)}:imp-many`,
    );
    const [passwd, group] = [join(folder, 'passwd'), join(folder, 'group')];
    const people = [
      'imp-minus-one:x:4294967295:30001::/:/bin/false',
      'imp-minus-gid:x:30001:4294967295::/:/bin/false',
      'imp-minus-member:x:30001:30001::/:/bin/false',
      'imp-many:x:30001:30001::/:/bin/false',
    ];
    writeFileSync(passwd, `${readFileSync('/etc/passwd', 'utf8')}${people.join('\n')}\n`);
    const groups = ['imp-no-change:x:4294967295:imp-minus-member', ...many];
    writeFileSync(group, `${readFileSync('/etc/group', 'utf8')}${groups.join('\n')}\n`);
    const mount = 'mount --bind "$0" /etc/passwd && mount --bind "$1" /etc/group && shift && exec "$@"';
    const lines = await linesOf(
      `for (const name of ['imp-minus-one', 'imp-minus-gid', 'imp-minus-member']) {
        try {
          const token = await Token.forUser(name);
          print(name + ' is ' + token.runSync(() => [process.getuid(), process.getgid(), ...process.getgroups()].join()));
        } catch (error) { print(name + ' refused ' + error.name); }
      }
      const many = await Token.forUser('imp-many');
      print('many ' + many.groups.length + ' ' + many.runSync(() => process.getgroups().length));`,
      { through: ['unshare', '-m', 'sh', '-c', mount, passwd, group] },
    );
    const [one, gid, member, last] = lines;
    expect(one).toBe('imp-minus-one refused ImpersonationError');
    expect(gid).toBe('imp-minus-gid refused ImpersonationError');
    // glibc itself leaves such a group out or lets it through; it must never reach the kernel as an id.
    expect(member).toMatch(/^imp-minus-member (refused ImpersonationError|is 30001,30001,30001)$/);
    expect(last).toBe('many 301 301');
  });
});

describeSwitching('a token for numeric ids', () => {
  test('may be a user without an account', () => {
    const service = threadStatus();
    using token = Token.forIds({ uid: 3_000_000_001, gid: 3_000_000_002, groups: [30_000, 5, 30_000] });
    expect(token.user).toEqual({ kind: 'user', id: '3000000001', uid: 3_000_000_001 });
    const { uids, gids, groups, capabilities } = token.runSync(threadStatus);
    expect([uids[1], uids[3], gids[1], gids[3]]).toEqual([
      3_000_000_001, 3_000_000_001, 3_000_000_002, 3_000_000_002,
    ]);
    expect([...groups]).toEqual([5, 30_000]);
    expect([capabilities.effective, capabilities.inheritable, capabilities.ambient]).toEqual([0n, 0n, 0n]);
    expect(threadStatus()).toEqual(service);
  });

  test('has no supplementary groups if none are given', () => {
    using token = Token.forIds({ uid: 20_001, gid: 20_001 });
    expect(token.runSync(threadStatus).groups).toEqual([]);
    using same = Token.forIds({ uid: 20_001, gid: 20_001, groups: [] });
    expect(token.equals(same)).toBe(true);
    expect(token.poolKey).toBe(same.poolKey);
  });

  test('may be root with allowRoot', () => {
    using token = Token.forIds({ uid: 0, gid: 7, allowRoot: true });
    const { uids, gids, groups } = token.runSync(threadStatus);
    expect([uids[1], gids[1], [...groups]]).toEqual([0, 7, []]);
  });

  test('cannot be entered if it is the reserved uid', async () => {
    const lines = await linesOf(`const token = Token.forIds({ uid: 65533, gid: 65533 });
      try { token.runSync(() => { print('ran'); }); } catch (error) { print(error.code); }`);
    expect(lines).toEqual(['ERR_INVALID_IDENTITY']);
  });

  test.each<[string, unknown, string, RegExp]>([
    ['uid 0', { uid: 0, gid: 0 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid".*allowRoot/],
    [
      'uid 0 with allowRoot false',
      { uid: 0, gid: 0, allowRoot: false },
      'ERR_INVALID_ARG_VALUE',
      /"options\.uid"/,
    ],
    ['-1', { uid: -1, gid: 1 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid"/],
    [
      'the id for "leave it as it is"',
      { uid: 4_294_967_295, gid: 1 },
      'ERR_INVALID_ARG_VALUE',
      /"options\.uid"/,
    ],
    ['that gid', { uid: 1, gid: 4_294_967_295 }, 'ERR_INVALID_ARG_VALUE', /"options\.gid"/],
    [
      'that group',
      { uid: 1, gid: 1, groups: [4_294_967_295] },
      'ERR_INVALID_ARG_VALUE',
      /"options\.groups\[0\]"/,
    ],
    ['half a uid', { uid: 1.5, gid: 1 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid"/],
    ['NaN', { uid: NaN, gid: 1 }, 'ERR_INVALID_ARG_VALUE', /"options\.uid"/],
    ['a string', { uid: '1', gid: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.uid"/],
    ['no gid', { uid: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.gid"/],
    [
      'a group that is none',
      { uid: 1, gid: 1, groups: [1, undefined] },
      'ERR_INVALID_ARG_TYPE',
      /"options\.groups\[1\]"/,
    ],
    ['groups that are no array', { uid: 1, gid: 1, groups: 1 }, 'ERR_INVALID_ARG_TYPE', /"options\.groups"/],
    [
      'too many groups',
      { uid: 1, gid: 1, groups: Array(65_537).fill(1) },
      'ERR_INVALID_ARG_VALUE',
      /"options\.groups"/,
    ],
    ['an unknown option', { uid: 1, gid: 1, name: 'x' }, 'ERR_INVALID_ARG_VALUE', /"options\.name"/],
    ['no options', undefined, 'ERR_INVALID_ARG_TYPE', /"options"/],
  ])('throws for %s', (_what, options, code, message) => {
    const count = Token.count;
    const error = caught(() => Token.forIds(options as ForIdsOptions));
    expect(error).toMatchObject({ name: 'TypeError', code });
    expect(error.message).toMatch(message);
    expect(Token.count).toBe(count);
  });
});
