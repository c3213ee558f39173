import { linesOf, type ChildOptions } from '../support/children/child';
import { credentials } from '../support/children/sources';
import { asService, mayChangeIds } from '../support/linux/environment';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const open = `${credentials}
  const alice = await world.alice.token();
  const bob = { uid: ${String(world.bob.uid)}, gid: ${String(world.bob.gid)} };`;

/** Changes that another addon makes to the thread: [what, how]. */
const changes: [string, string][] = [
  ['the effective uid', 'probe().setUserIds(-1, bob.uid, -1);'],
  ['all uids but the saved one', 'probe().setUserIds(bob.uid, bob.uid, -1);'],
  ['the effective gid', 'probe().setGroupIds(-1, bob.gid, -1);'],
  ['all gids', 'probe().setGroupIds(bob.gid, bob.gid, bob.gid);'],
  ['the groups', 'probe().setGroups([bob.gid, 4242]);'],
  ['other groups', 'probe().setGroups([4242]); alice.runSync(() => {}); probe().setGroups([4243]);'],
  ['more groups than are usual', 'probe().setGroups(Array.from({ length: 100 }, (_, i) => 5000 + i));'],
  ['the ids for files', 'probe().setFileIds(bob.uid, bob.gid);'],
  ['the uid for files', 'probe().setFileIds(bob.uid, process.getuid());'],
  ['the gid for files', 'probe().setFileIds(process.getuid(), bob.gid);'],
];

/** Expects that a change made between two scopes is restored after the second, and after a third. */
async function expectKept(change: string, options?: ChildOptions): Promise<void> {
  const lines = await linesOf(
    `${open}
    alice.runSync(() => {});
    const before = text();
    ${change}
    const changed = text();
    print(String(changed !== before));
    alice.runSync(() => { print(String(world.whoAmI() === world.alice.id)); });
    print(String(text() === changed));
    const scope = alice.impersonate();
    scope.revert();
    print(String(text() === changed));`,
    options,
  );
  expect(lines).toEqual(['true', 'true', 'true', 'true']);
}

// The credentials before a scope are known from the last scope, and only checked at the next one.
describeSwitching('changes of another addon between two scopes are restored after the second', () => {
  test.each(changes)('%s', (_what, change) => expectKept(change));

  test.each([
    ...changes,
    ['the effective capabilities', `probe().setCapabilities(${String(mayChangeIds)});`],
  ])('%s of a service that is not root', (_what, change) =>
    expectKept(change, { through: asService(['setuid', 'setgid', 'dac_override']) }),
  );

  test("the process's own credentials, changed by its own functions", async () => {
    const lines = await linesOf(`${open}
      alice.runSync(() => {});
      for (const change of [
        () => process.setgroups([4242]), () => process.setegid(bob.gid), () => process.setegid(0),
        () => process.seteuid(bob.uid), () => process.seteuid(0),
        // This leaves only the real and saved gid.
        () => { process.setgid(bob.gid); process.setegid(0); },
      ]) {
        change();
        const changed = text();
        alice.runSync(() => { if (world.whoAmI() !== world.alice.id) print('not alice'); });
        print(String(text() === changed));
      }`);
    expect(lines).toEqual(Array(6).fill('true'));
  });
});

describeSwitching('capabilities are restored', () => {
  // The kernel drops and restores root's capabilities with the uid, except in these cases.
  test.each([
    [
      'of a token that is root itself, with less',
      "Token.process().restrict({ removePrivileges: ['CAP_KILL'] })",
    ],
    [
      'of a token that is root itself, with nothing',
      'Token.process().restrict({ removePrivileges: Token.process().privileges.map(({ name }) => name) })',
    ],
    ['of a user', 'alice'],
    ['of an anonymous token', 'Token.anonymous()'],
  ])('after a scope %s', async (_who, token) => {
    const lines = await linesOf(`${open}
      const before = text();
      const token = ${token};
      for (let i = 0; i < 3; i++) {
        token.runSync(() => { if (text() === before) print('nothing was taken off'); });
        print(String(text() === before));
      }
      alice.runSync(() => token.runSync(() => alice.runSync(() => {})));
      print(String(text() === before));`);
    expect(lines).toEqual(['true', 'true', 'true', 'true']);
  });

  test('even if the kernel does not drop them', async () => {
    const lines = await linesOf(
      `${open}
      const before = text();
      for (let i = 0; i < 3; i++) {
        print(alice.runSync(() => threadStatus().capabilities.effective) + ' ' + (text() === before));
      }`,
      { through: ['setpriv', '--securebits', '+no_setuid_fixup'] },
    );
    expect(lines).toEqual(['0 true', '0 true', '0 true']);
  });
});
