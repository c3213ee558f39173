import { linesOf, runSource } from '../support/children/child';
import { credentials } from '../support/children/sources';
import { asService, mayChangeIds, serviceIds } from '../support/linux/environment';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const open = `${credentials}
  const { failSyscall } = probe();
  const alice = await world.alice.token();
  const bob = await world.bob.token();`;
// With the capability to open every file, which no user may have.
const through = asService(['setuid', 'setgid', 'dac_override']);
const { uid, gid } = serviceIds;
const bobsGroups = [...world.bob.groups].sort((a, b) => a - b).join();

describeSwitching('scopes of a service that is not root', () => {
  test('nested in each other act as the innermost user, with its groups and no capability', async () => {
    const lines = await linesOf(
      `${open}
      const before = text();
      const who = () => { const { uids, gids, groups, capabilities } = threadStatus(); return [uids, gids, groups, capabilities.effective, world.canOpen(world.alice), world.canOpen(world.bob)].join(' '); };
      const inAlice = alice.runSync(who);
      const inBob = bob.runSync(who);
      for (let i = 0; i < 3; i++) {
        alice.runSync(() => {
          print(String(bob.runSync(who) === inBob) + ' ' + (who() === inAlice));
          bob.runSync(() => { print(String(alice.runSync(who) === inAlice) + ' ' + (who() === inBob)); });
          print(String(Token.anonymous().runSync(who) !== inAlice) + ' ' + (who() === inAlice));
        });
        print(String(text() === before));
      }
      print(inBob);`,
      { through },
    );
    const { uid: bob, gid: bobs } = world.bob;
    const round = ['true true', 'true true', 'true true', 'true'];
    expect(lines).toEqual([
      ...[round, round, round].flat(),
      `${[65533, bob, uid, bob].join()} ${[bobs, bobs, gid, bobs].join()} ${bobsGroups} 0 false true`,
    ]);
  });

  test('leave the outer scope in effect if the inner token is root', async () => {
    const lines = await linesOf(
      `${open}
      const root = await Token.forUser('root');
      alice.runSync(() => {
        const before = text();
        attempt(() => { root.runSync(() => { print('ran'); }); });
        print(String(text() === before));
      });
      print(String(world.whoAmI()));`,
      { through },
    );
    expect(lines).toEqual(['ImpersonationError EPERM setresuid', 'true', String(uid)]);
  });

  test.each([
    ['setresgid', 1, world.bob.gid, 'EPERM setresgid'],
    ['setresuid', 1, world.bob.uid, 'EPERM setresuid'],
    ['setresgid', 0, world.bob.gid, 'ERR_IMPERSONATION_DOWNGRADED getegid'],
    ['setresuid', 0, world.bob.uid, 'ERR_IMPERSONATION_DOWNGRADED geteuid'],
  ])(
    'that fail at %s, errno %d, inside another scope leave the outer scope in effect',
    async (call, errno, id, failure) => {
      const lines = await linesOf(
        `${open}
      bob.runSync(() => {});
      failSyscall('${call}', ${String(errno)}, ${String(id)});
      alice.runSync(() => {
        const before = text();
        attempt(() => { bob.runSync(() => { print('ran'); }); });
        print([text() === before, world.whoAmI() === world.alice.id, world.canOpen(world.bob)].join());
      });
      print(String(world.whoAmI()));`,
        { through },
      );
      expect(lines).toEqual([`ImpersonationError ${failure}`, 'true,true,false', String(uid)]);
    },
  );

  test.each([
    ['at once', ''],
    ['at a later use', 'alice.runSync(() => {});'],
  ])('are not entered if capset reports false success, %s', async (_when, before) => {
    const lines = await linesOf(
      `${open}
      ${before}
      failSyscall('capset', 0);
      attempt(() => { alice.runSync(() => { print('ran'); }); });
      print(String(world.whoAmI()));`,
      { through },
    );
    expect(lines).toEqual(['ImpersonationError ERR_IMPERSONATION_DOWNGRADED capget', String(uid)]);
  });

  const failing = `failSyscall('capset', 1);`;
  const lying = `failSyscall('capset', 0);`;
  const enterBob = `attempt(() => { bob.runSync(() => { print('ran'); }); });`;
  // Reverting makes the same call.
  test.each([
    ['fails between one user and another', `alice.runSync(() => { ${failing} ${enterBob} });`],
    ['lies between one user and another', `alice.runSync(() => { ${lying} ${enterBob} });`],
    ['fails on the way back', `alice.runSync(() => { ${failing} });`],
    ['lies on the way back', `alice.runSync(() => { ${lying} });`],
  ])('end the process if capset %s', async (_where, work) => {
    const { stdout, signal, stderr } = await runSource(
      `${open} bob.runSync(() => {}); ${work} print('went on');`,
      { through },
    );
    expect([stdout, signal]).toEqual(['', 'SIGABRT']);
    expect(stderr).toMatch(/^impersonate: cannot restore the thread's identity/m);
  });

  test('restore the remaining capabilities after another addon has dropped some', async () => {
    const lines = await linesOf(
      `${open}
      alice.runSync(() => {});
      print(String(probe().setCapabilities(${String(mayChangeIds)})));
      const less = text();
      alice.runSync(() => bob.runSync(() => {}));
      print(String(text() === less));
      print(String(probe().setCapabilities(0)));
      attempt(() => { alice.runSync(() => { print('ran'); }); });`,
      { through },
    );
    expect(lines).toEqual(['0', 'true', '0', 'ImpersonationError EPERM setgroups']);
  });
});

const status = `const { threadStatus } = require(${JSON.stringify(require.resolve('../support/linux/thread-status'))});`;

const asBob = (...capabilities: string[]): string[] => asService(capabilities, world.bob);

const text =
  "const text = (value) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part));";
const bits = { setgid: 1n << 6n, setuid: 1n << 7n, override: 1n << 1n };

describeSwitching('a service that is not root', () => {
  // The kernel clears capabilities when the effective user goes from root to another; here neither is root.
  test('has no effective capabilities in a scope, and all of them after it', async () => {
    const lines = await linesOf(
      `${status}
      const alice = await world.alice.token();
      const before = threadStatus();
      const inside = alice.runSync(() => ({ status: threadStatus(), own: world.canOpen(world.alice), bobs: world.canOpen(world.bob), services: world.canOpenService() }));
      const after = threadStatus();
      ${text}
      print(before.uids.join() + ' ' + before.capabilities.effective);
      print(inside.status.uids.join() + ' ' + inside.status.capabilities.effective + ' ' + [inside.own, inside.bobs, inside.services]);
      print(String(text(before) === text(after)));`,
      { through: asBob('setuid', 'setgid', 'dac_override') },
    );
    const [a, b] = [world.alice.id, world.bob.id];
    expect(lines).toEqual([
      `${b},${b},${b},${b} ${String(bits.setuid | bits.setgid | bits.override)}`,
      `65533,${a},${b},${a} 0 true,false,false`,
      'true',
    ]);
  });

  test('has none in any further scope either', async () => {
    const lines = await linesOf(
      `${status} ${text}
      const alice = await world.alice.token();
      const before = text(threadStatus());
      for (let i = 0; i < 3; i++) print(alice.runSync(() => threadStatus().capabilities.effective) + ' ' + (text(threadStatus()) === before));
      // Dropped by another addon for good.
      print(String(require(${JSON.stringify(require.resolve('../support/linux/probe'))}).probe().setCapabilities(${String(mayChangeIds)})));
      const less = text(threadStatus());
      print(alice.runSync(() => threadStatus().capabilities.effective) + ' ' + (text(threadStatus()) === less));`,
      { through: asBob('setuid', 'setgid', 'dac_override') },
    );
    expect(lines).toEqual(['0 true', '0 true', '0 true', '0', '0 true']);
  });

  test.each([
    ['no capability', []],
    ['CAP_SETUID alone', ['setuid']],
    ['CAP_SETGID alone', ['setgid']],
  ])('with %s gets a clear error, and the callback never runs', async (_name, capabilities) => {
    const lines = await linesOf(
      `${status}
      const alice = await world.alice.token();
      const text = () => JSON.stringify(threadStatus(), (_, part) => (typeof part === 'bigint' ? String(part) : part));
      const before = text();
      for (const enter of [() => alice.runSync(() => { print('ran'); }), () => alice.impersonate()]) {
        try { enter(); print('entered'); } catch (error) { print(error.name + ' ' + error.code + ' ' + /^set/.test(error.syscall)); }
      }
      print(String(text() === before) + ' ' + Token.thread());`,
      { through: asBob(...capabilities) },
    );
    expect(lines).toEqual(['ImpersonationError EPERM true', 'ImpersonationError EPERM true', 'true null']);
  });
});
