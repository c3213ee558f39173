import { randomBytes } from 'node:crypto';
import { Token } from 'impersonate';
import { caught } from '../support/errors';
import { seam } from '../support/win32/seam';
import { everyone, world } from '../support/world/win32';

const { alice } = world;

test('a deny-only group no longer opens what only the group may open', async () => {
  const name = `impersonate-test-${randomBytes(8).toString('hex')}`;
  seam().createObject(name, `D:(A;;GA;;;${alice.group})`);
  using token = await alice.token();
  using restricted = token.restrict({ denyOnly: [alice.group] });
  expect(restricted.denyOnlyGroups.map(({ id }) => id)).toEqual([alice.group]);
  expect(restricted.groups.map(({ id }) => id)).not.toContain(alice.group);
  expect(restricted.user.id).toBe(alice.id);
  expect(restricted.equals(token)).toBe(false);
  expect(token.runSync(() => seam().openObject(name))).toBe(0);
  expect(restricted.runSync(() => seam().openObject(name))).toBe(5);
  expect(token.denyOnlyGroups).toEqual([]);
});

test('groups may be named by their principals', async () => {
  using token = await alice.token();
  const group = token.groups.find(({ id }) => id === alice.group);
  if (group === undefined) throw new Error('the group is missing');
  using restricted = token.restrict({ denyOnly: [group, everyone] });
  expect(restricted.denyOnlyGroups.map(({ id }) => id).sort()).toEqual([alice.group, everyone].sort());
});

test('a removed privilege is gone from the new token alone', async () => {
  using token = await alice.token();
  const names = token.privileges.map(({ name }) => name).sort();
  expect(names).toEqual(['SeChangeNotifyPrivilege', 'SeShutdownPrivilege']);
  using restricted = token.restrict({ removePrivileges: ['SeShutdownPrivilege'] });
  expect(restricted.privileges.map(({ name }) => name)).toEqual(['SeChangeNotifyPrivilege']);
  expect(token.privileges.map(({ name }) => name).sort()).toEqual(names);
});

test.each<[string, { denyOnly?: string[]; removePrivileges?: string[] }]>([
  ['denyOnly', { denyOnly: ['S-1-nonsense'] }],
  ['denyOnly', { denyOnly: ['Everyone'] }],
  ['removePrivileges', { removePrivileges: ['SeNonsensePrivilege'] }],
])('a wrong name in %s is an argument error', async (_argument, options) => {
  using token = await alice.token();
  const count = Token.count;
  const error = caught(() => token.restrict(options));
  expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  expect(Token.count).toBe(count);
});

test('a lower level is what the kernel has too', async () => {
  using token = await alice.token();
  using identification = token.duplicate({ level: 'identification' });
  using back = Token.fromHandle(alice.mint({ level: 'delegation' }), { adopt: true });
  expect([identification.level, back.level]).toEqual(['identification', 'delegation']);
  expect(back.runSync(() => seam().effectiveIdentity().level)).toMatch(/^(impersonation|delegation)$/);
  expect(caught(() => identification.duplicate({ level: 'delegation' })).code).toBe(
    'ERROR_BAD_IMPERSONATION_LEVEL',
  );
});

test('the process token is entered as an impersonation token of its own', () => {
  using token = Token.process();
  expect(token.runSync(() => seam().effectiveIdentity())).toEqual({
    sid: world.serviceId,
    level: 'impersonation',
    thread: true,
  });
});
