import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  enablePrivileges,
  Token,
  type AccessName,
  type AccessTarget,
  type RestrictOptions,
} from 'impersonate';
import { caught, rejected } from '../support/errors';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { world } from '../support/world/linux';

const unavailable = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';

test('features of Windows throw ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', async () => {
  using token = Token.process();
  expect(caught(() => token.linked()).code).toBe(unavailable);
  expect(caught(() => enablePrivileges(['SeBackupPrivilege'])).code).toBe(unavailable);
  const options: RestrictOptions[] = [
    { restrictingSids: ['S-1-1-0'] },
    { flags: ['luaToken'] },
    { integrity: 'low' },
  ];
  for (const option of options) expect(caught(() => token.restrict(option)).code).toBe(unavailable);
  const checks: [AccessTarget, AccessName | number][] = [
    ['/', 'delete'],
    ['/', 1],
    [{ sddl: 'O:SYG:SYD:' }, 'read'],
    [{ securityDescriptor: Buffer.alloc(20) }, 'read'],
  ];
  for (const [target, access] of checks)
    expect((await rejected(token.canAccess(target, access))).code).toBe(unavailable);
  const request = { rawHeaders: [], socket: {} };
  expect(caught(() => Token.fromIisRequest(request as never)).code).toBe(unavailable);
});

describeSwitching('canAccess', () => {
  const { alice, bob } = world;
  const folder = tempFolder('can-access');
  chmodSync(folder, 0o711);
  const make = (name: string, mode: number, uid: number, gid: number): string => {
    const path = join(folder, name);
    writeFileSync(path, '#!/bin/sh\n');
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    return path;
  };

  test('checks owner, group and others by the mode of the file', async () => {
    using asAlice = await alice.token();
    using asBob = await bob.token();
    const own = make('own', 0o640, alice.uid, Number(bob.group));
    const script = make('script', 0o751, alice.uid, Number(bob.group));
    const check = (path: string, access: AccessName | AccessName[]): Promise<boolean[]> =>
      Promise.all([asAlice.canAccess(path, access), asBob.canAccess(path, access)]);
    expect(await check(own, 'read')).toEqual([true, true]);
    expect(await check(own, 'write')).toEqual([true, false]);
    expect(await check(own, ['read', 'write'])).toEqual([true, false]);
    expect(await check(own, 'execute')).toEqual([false, false]);
    expect(await check(script, ['read', 'execute'])).toEqual([true, true]);
    expect(await check(script, ['read', 'write', 'execute'])).toEqual([true, false]);
  });

  test('respects dropped groups and the directories on the way', async () => {
    using asBob = await bob.token();
    using without = asBob.restrict({ dropGroups: true });
    const shared = make('shared', 0o040, 0, Number(bob.group));
    expect([await asBob.canAccess(shared, 'read'), await without.canAccess(shared, 'read')]).toEqual([
      true,
      false,
    ]);
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    writeFileSync(join(closed, 'file'), '', { mode: 0o666 });
    expect(await asBob.canAccess(join(closed, 'file'), 'read')).toBe(false);
    expect(await asBob.canAccess(join(closed, 'nothing'), 'read')).toBe(false);
    symlinkSync('loop', join(folder, 'loop'));
    expect((await rejected(asBob.canAccess(join(folder, 'loop'), 'read'))).code).toBe('ELOOP');
  });

  test('checks its own token, not the effective identity of the thread or the flow', async () => {
    using asAlice = await alice.token();
    using asBob = await bob.token();
    const path = make('alone', 0o600, alice.uid, alice.gid);
    const checks = asBob.runSync(() => [asAlice.canAccess(path, 'read'), asBob.canAccess(path, 'read')]);
    expect(await Promise.all(checks)).toEqual([true, false]);
    expect(await asBob.run(() => asAlice.canAccess(path, 'read'))).toBe(true);
  });

  test('rejects a token of identification level', async () => {
    using asAlice = await alice.token();
    using looked = asAlice.duplicate({ level: 'identification' });
    expect((await rejected(looked.canAccess(folder, 'read'))).code).toBe('ERR_TOKEN_LEVEL');
  });
});
