import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookupAccount, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { caught, rejected } from '../support/errors';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { world } from '../support/world/linux';

test.each(['no-such-user', '0', '-1', '4294967295', ' root', 'root ', 'x'.repeat(1000), '../root', 'ß'])(
  'the name %p is nobody',
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

test('handles are a Windows matter', () => {
  const error = caught(() => Token.fromHandle(4n));
  expect(error.code).toBe('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
});

describeSwitching('the user database', () => {
  test('gives ids, groups and names', async () => {
    using token = await Token.forUser('imp-alice');
    expect(token.user).toMatchObject({ uid: world.alice.uid, id: world.alice.id });
    expect(token.groups.map((group) => group.gid).sort()).toEqual([...world.alice.groups].sort());
    expect(await lookupAccount(token.user)).toEqual({ name: 'imp-alice' });
    const staff = token.groups.find((group) => group.id === world.alice.group);
    expect(staff && (await lookupAccount(staff))).toEqual({ name: 'imp-staff' });
  });

  // The kernel takes the id -1 for "leave it as it is": a switch to it would run as the service.
  test('with ids that mean "no change", or groups beyond the usual number', async () => {
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
          say(name + ' is ' + token.runSync(() => [process.getuid(), process.getgid(), ...process.getgroups()].join()));
        } catch (error) { say(name + ' refused ' + error.name); }
      }
      const many = await Token.forUser('imp-many');
      say('many ' + many.groups.length + ' ' + many.runSync(() => process.getgroups().length));`,
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
