import { linesOf, runSource } from '../support/children/child';
import { credentials } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const open = `${credentials}
  const { failSyscall } = probe();
  const alice = await world.alice.token();
  const bob = await world.bob.token();`;

// The kernel returns EPERM and EAGAIN (short of memory or over a limit).
const faults: [string, string, number][] = [
  ['setgroups', 'EPERM', 1],
  ['setresgid', 'EPERM', 1],
  ['setresuid', 'EPERM', 1],
  ['setresuid', 'EAGAIN', 11],
  ['setgroups', 'ENOMEM', 12],
];

describeSwitching('an entry that fails', () => {
  test.each(faults)(
    'at %s with %s: the callback never runs and the thread is as before',
    async (call, code, errno) => {
      const lines = await linesOf(`${open}
      const before = text();
      failSyscall('${call}', ${String(errno)});
      attempt(() => { alice.runSync(() => { print('ran'); }); });
      attempt(() => { alice.impersonate(); });
      print([text() === before, Token.thread(), alice.closed].join());`);
      expect(lines).toEqual([
        `ImpersonationError ${code} ${call}`,
        `ImpersonationError ${code} ${call}`,
        'true,,false',
      ]);
    },
  );

  test.each([
    ['setresgid', 1, world.bob.gid, 'EPERM setresgid'],
    ['setresuid', 1, world.bob.uid, 'EPERM setresuid'],
    // False success.
    ['setresgid', 0, world.bob.gid, 'ERR_IMPERSONATION_DOWNGRADED getegid'],
    ['setresuid', 0, world.bob.uid, 'ERR_IMPERSONATION_DOWNGRADED geteuid'],
  ])(
    'at %s, errno %d, inside another scope leaves the outer scope in effect',
    async (call, errno, id, failure) => {
      const lines = await linesOf(`${open}
      bob.runSync(() => {});
      failSyscall('${call}', ${String(errno)}, ${String(id)});
      alice.runSync(() => {
        const before = text();
        attempt(() => { bob.runSync(() => { print('ran'); }); });
        attempt(() => { bob.impersonate(); });
        print([text() === before, world.whoAmI() === world.alice.id, world.canOpen(world.alice)].join());
      });
      print(String(world.whoAmI() === world.serviceId));`);
      const error = `ImpersonationError ${failure}`;
      expect(lines).toEqual([error, error, 'true,true,true', 'true']);
    },
  );

  // A sandbox may report success for a call that it suppresses: only reading back detects it.
  test.each(['setgroups', 'setresgid', 'setresuid'])('by false success of %s is detected', async (call) => {
    const lines = await linesOf(`${open}
      const before = text();
      failSyscall('${call}', 0);
      let error;
      try { alice.runSync(() => { print('ran'); }); } catch (caught) { error = caught; }
      print(error.name + ' ' + error.code);
      print(String(text() === before));`);
    expect(lines).toEqual([
      expect.stringMatching(/^ImpersonationError (ERR_IMPERSONATION_DOWNGRADED|EPERM)$/),
      'true',
    ]);
  });

  test.each(['setresgid', 'setresuid'])(
    'by false success of %s is detected at a later use too',
    async (call) => {
      const lines = await linesOf(`${open}
      alice.runSync(() => {});
      failSyscall('${call}', 0);
      try { alice.runSync(() => { print('ran'); }); } catch (error) { print(error.name + ' ' + error.code); }`);
      expect(lines).toEqual(['ImpersonationError ERR_IMPERSONATION_DOWNGRADED']);
    },
  );

  test('repeated leaves no token or scope behind', async () => {
    const lines = await linesOf(`${open}
      failSyscall('setresuid', 1, ${String(world.alice.uid)});
      const count = Token.count;
      for (let i = 0; i < 1000; i++) { try { alice.impersonate(); print('entered'); } catch {} }
      print([Token.count - count, Token.thread(), bob.runSync(() => world.whoAmI()) === world.bob.id].join());
      // If a scope counted as open, this would throw.
      process.seteuid(0);`);
    expect(lines).toEqual(['0,,true']);
  });
});

describeSwitching('the same token, already in effect', () => {
  test('is entered and left without a switching call', async () => {
    const result = await runSource(`${open}
      alice.runSync(() => {
        for (const call of ['setgroups', 'setresgid', 'setresuid', 'setfsuid', 'setfsgid', 'capset']) failSyscall(call, 1);
        print(String(alice.runSync(() => world.whoAmI()) === world.alice.id));
        alice.impersonate().revert();
        attempt(() => { bob.impersonate(); });
        // This thread cannot revert: the process ends here, before it has to.
        process.kill(process.pid, 'SIGKILL');
      });`);
    const [same, other, ...rest] = result.stdout.split('\n').filter(Boolean);
    expect(same).toBe('true');
    // The other token needs a call, so the fault was in force.
    expect(other ?? 'aborted').toMatch(/^(ImpersonationError EPERM|aborted)/);
    expect(rest).toEqual([]);
    expect(['SIGKILL', 'SIGABRT']).toContain(result.signal);
  });
});
