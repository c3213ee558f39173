import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, chmodSync, chownSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Token } from 'impersonate';
import { caught } from '../support/errors';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { threadStatus } from '../support/linux/thread-status';
import { fileOf, world } from '../support/world/linux';

const { alice, bob } = world;
/** The reserved real uid of every thread that acts as a user. */
const reservedUid = 65533;
const sorted = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);

describeSwitching('the credentials of a thread', () => {
  let token: Token;
  beforeEach(async () => {
    token = await alice.token();
  });
  afterEach(() => {
    token.close();
  });

  test("in a scope are the user's effective ids and groups, without effective capabilities", () => {
    const { uids, gids, groups, capabilities } = token.runSync(threadStatus);
    const service = threadStatus();
    expect(uids).toEqual([reservedUid, alice.uid, service.uids[2], alice.uid]);
    expect(gids).toEqual([alice.gid, alice.gid, service.gids[2], alice.gid]);
    expect(sorted(groups)).toEqual(sorted(alice.groups));
    expect(capabilities.effective).toBe(0n);
    expect(capabilities.ambient).toBe(0n);
  });

  test('after a scope are restored in every field', async () => {
    using other = await bob.token();
    const before = threadStatus();
    token.runSync(() => other.runSync(() => token.impersonate().revert()));
    expect(threadStatus()).toEqual(before);
    caught(() =>
      token.runSync(() => {
        throw new Error('mine');
      }),
    );
    expect(threadStatus()).toEqual(before);
  });

  test('in a nested scope contain nothing of the outer user', async () => {
    using other = await bob.token();
    const { uids, gids, groups } = token.runSync(() => other.runSync(threadStatus));
    expect([...uids, ...gids]).not.toEqual(expect.arrayContaining([alice.uid]));
    expect(sorted(groups)).toEqual(sorted(bob.groups));
  });

  test('accessSync() checks the user, not the real uid', () => {
    token.runSync(() => {
      accessSync(fileOf(alice), constants.R_OK | constants.W_OK);
      for (const path of [fileOf(bob), fileOf('service')]) {
        expect(
          caught(() => {
            accessSync(path, constants.R_OK);
          }).code,
        ).toBe('EACCES');
      }
    });
  });

  test('do not let the user signal a process of the service', () => {
    process.kill(process.ppid, 0);
    token.runSync(() => {
      expect(caught(() => process.kill(process.ppid, 0)).code).toBe('EPERM');
    });
  });

  test('pass to no program, which is the user by all its ids', () => {
    const { stdout } = token.runSync(() => spawnSync('cat', ['/proc/self/status'], { encoding: 'utf8' }));
    const [, uids] = /^Uid:\t(.*)$/m.exec(stdout) ?? [];
    expect(uids?.split('\t')).toEqual(Array<string>(4).fill(String(alice.uid)));
  });

  test('own the files that the user makes', () => {
    const folder = tempFolder('owner');
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    chownSync(shared, 0, bob.gid);
    chmodSync(shared, 0o3777);
    token.runSync(() => {
      writeFileSync(join(shared, 'file'), 'x');
    });
    // The group comes from the set-group-id folder.
    expect(statSync(join(shared, 'file'))).toMatchObject({ uid: alice.uid, gid: bob.gid });
  });
});

describeSwitching('restricted tokens', () => {
  test('without supplementary groups', async () => {
    using token = await alice.token();
    using restricted = token.restrict({ dropGroups: true });
    const dropped = restricted.runSync(threadStatus).groups.filter((group) => group !== alice.gid);
    expect(dropped).toEqual([]);
    expect(restricted.user.id).toBe(alice.id);
    expect(restricted.equals(token)).toBe(false);
  });

  test.each<[string, () => string | number]>([
    ['id', () => alice.group],
    ['number', () => Number(alice.group)],
  ])('without one group, named by %s', async (_how, group) => {
    using token = await alice.token();
    using restricted = token.restrict({ dropGroups: [group()] });
    expect(restricted.runSync(threadStatus).groups).not.toContain(Number(alice.group));
    expect(token.runSync(threadStatus).groups).toContain(Number(alice.group));
  });

  test('of the process, without a capability', () => {
    using service = Token.process();
    using restricted = service.restrict({ removePrivileges: ['CAP_KILL'] });
    const kill = 1n << 5n;
    expect(restricted.runSync(threadStatus).capabilities.effective & kill).toBe(0n);
    expect(threadStatus().capabilities.effective & kill).toBe(kill);
  });

  test('throw for a capability that does not exist', () => {
    using service = Token.process();
    expect(caught(() => service.restrict({ removePrivileges: ['CAP_NONSENSE'] })).code).toBe(
      'ERR_INVALID_ARG_VALUE',
    );
  });
});
