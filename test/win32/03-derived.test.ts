import { randomBytes } from 'node:crypto';
import { enablePrivileges, Impersonation, type RestrictOptions, Token } from 'impersonate';
import { runSource } from '../support/children/child';
import { run } from '../support/children/impersonated-worker';
import { caught, rejected } from '../support/errors';
import { product } from '../support/paths';
import { seam } from '../support/win32/seam';
import { expectActingAs, expectActingAsService } from '../support/world/acting';
import { everyone, world } from '../support/world/win32';

const { alice, bob } = world;
const shutdown = 'SeShutdownPrivilege';

const isEnabled = (token: Token, name: string): boolean | undefined =>
  token.privileges.find((privilege) => privilege.name === name)?.enabled;
const processPrivileges = (): unknown => {
  using token = Token.process();
  return token.privileges;
};
const noted = (call: string): string[] =>
  seam()
    .takeAuthorityRecords()
    .filter((record) => record.function === call)
    .map(({ subject }) => subject);

afterEach(() => {
  seam().clearFaults();
});

describe('restrict', () => {
  // Wine ignores these options: only the arguments of the call can be checked.
  test.each<[RestrictOptions, string]>([
    [{ flags: ['disableMaxPrivilege'] }, 'flags 1'],
    [{ flags: ['sandboxInert', 'luaToken'] }, 'flags 6'],
    [{ flags: ['writeRestricted'], restrictingSids: [everyone] }, `flags 8 ${everyone}`],
    [
      { restrictingSids: [alice.group, { kind: 'group', id: everyone }] },
      `flags 0 ${alice.group} ${everyone}`,
    ],
  ])('passes %j to CreateRestrictedToken', async (options, expected) => {
    using token = await alice.token();
    seam().takeAuthorityRecords();
    using restricted = token.restrict(options);
    expect(noted('CreateRestrictedToken')).toEqual([expected]);
    expect(restricted.user.id).toBe(alice.id);
    restricted.runSync(() => {
      expectActingAs(alice);
    });
  });

  test.each([
    ['untrusted', 0],
    ['low', 0x1000],
    ['medium', 0x2000],
    ['high', 0x3000],
    ['system', 0x4000],
  ] as const)('integrity %s is set on the copy', async (integrity, rid) => {
    using token = await alice.token();
    seam().takeAuthorityRecords();
    using lowered = token.restrict({ integrity });
    expect(noted('SetTokenInformation')).toEqual([`integrity S-1-16-${String(rid)}`]);
    lowered.runSync(() => {
      expectActingAs(alice);
    });
  });

  test('an integrity level that the system rejects leaves nothing behind', async () => {
    using token = await alice.token();
    token.restrict({ integrity: 'low' }).close();
    const [handles, count] = [world.handleCount(), Token.count];
    seam().failImport('impersonate.node', 'SetTokenInformation', { error: 1314 });
    expect(caught(() => token.restrict({ integrity: 'system' }))).toMatchObject({
      code: 'ERROR_PRIVILEGE_NOT_HELD',
      syscall: 'SetTokenInformation',
    });
    expect(Token.count).toBe(count);
    expect(world.handleCount()).toBeLessThanOrEqual(handles);
  });
});

describe('linked', () => {
  test('is the linked token of the kernel, at its level', () => {
    using token = Token.process();
    using linked = token.linked();
    expect(linked?.user.id).toBe(world.serviceId);
    expect(linked?.level).toBe('identification');
    expect(caught(() => linked?.runSync(() => undefined)).code).toBe('ERR_TOKEN_LEVEL');
  });

  test('is null for a user with one token', async () => {
    using token = await alice.token();
    expect(token.linked()).toBeNull();
    seam().failImport('impersonate.node', 'GetTokenInformation', { error: 1312 });
    expect(token.linked()).toBeNull();
  });

  test('is queried as the process, and the scope goes on', async () => {
    using asAlice = await alice.token();
    using service = Token.process();
    asAlice.runSync(() => {
      service.linked()?.close();
      expectActingAs(alice);
    });
  });
});

describe('enablePrivileges', () => {
  let before: unknown;
  beforeEach(() => {
    before = processPrivileges();
  });
  afterEach(() => {
    expect(processPrivileges()).toEqual(before);
    expectActingAsService();
  });

  test('is a scope of the process with more privileges, and the process token does not change', () => {
    const count = Token.count;
    {
      using scope = enablePrivileges([shutdown, 'SeBackupPrivilege']);
      expect(scope).toBeInstanceOf(Impersonation);
      expect(Token.count).toBe(count);
      using current = Token.thread();
      expect(
        current &&
          [shutdown, 'SeBackupPrivilege', 'SeDebugPrivilege'].map((name) => isEnabled(current, name)),
      ).toEqual([true, true, false]);
      expect(processPrivileges()).toEqual(before);
    }
    expect(Token.thread()).toBeNull();
    expect(Token.count).toBe(count);
  });

  test('does not affect other threads', async () => {
    using scope = enablePrivileges([shutdown]);
    const pool = seam().poolThread();
    scope.revert();
    expect(await pool).toMatchObject({ sid: world.serviceId, thread: false });
  });

  const withShutdown = async (): Promise<Token> => {
    using token = await alice.token();
    // Minted privileges are enabled: only the kernel's own token has disabled ones.
    return token.duplicate();
  };

  test('acts as the innermost scope, closed or not, and reverts to it', async () => {
    const asAlice = await withShutdown();
    using outer = asAlice.impersonate();
    asAlice.close();
    {
      using inner = enablePrivileges([shutdown]);
      expect(inner.active).toBe(true);
      expectActingAs(alice);
      expect(isEnabled(Token.current(), shutdown)).toBe(true);
    }
    expectActingAs(alice);
    outer.revert();
  });

  test('acts as the flow', async () => {
    using asBob = await bob.token();
    await asBob.run(async () => {
      await Promise.resolve();
      {
        using scope = enablePrivileges([shutdown]);
        expect(scope.active).toBe(true);
        expectActingAs(bob);
      }
      expectActingAsService();
    });
  });

  test('acts as the identity that another addon has put on the thread', () => {
    world.putForeign(alice);
    try {
      using scope = enablePrivileges([shutdown]);
      expect(scope.active).toBe(true);
      expectActingAs(alice);
    } finally {
      world.removeForeign();
    }
  });

  test('acts as the user of an ImpersonatedWorker', async () => {
    using asAlice = await alice.token();
    const posts = await run(
      `const { enablePrivileges } = require(${JSON.stringify(product)});
       { const scope = enablePrivileges(['${shutdown}']); post(me()); scope.revert(); }
       post(me());`,
      { token: asAlice },
    );
    expect(posts).toEqual(['alice alice', 'alice alice']);
  });

  test('throws for a privilege that the token does not hold, and enters nothing', async () => {
    using asAlice = await alice.token();
    asAlice.runSync(() => {
      const count = Token.count;
      for (const names of [['SeTcbPrivilege'], [shutdown, 'SeBackupPrivilege']]) {
        expect(caught(() => enablePrivileges(names).revert())).toMatchObject({
          code: 'ERROR_NOT_ALL_ASSIGNED',
          errno: 1300,
          syscall: 'AdjustTokenPrivileges',
        });
      }
      expect(caught(() => enablePrivileges(['SeNonsensePrivilege']))).toMatchObject({ name: 'TypeError' });
      expect(Token.count).toBe(count);
      expectActingAs(alice);
    });
  });

  test('throws for a token of identification level', () => {
    const handle = alice.mint({ level: 'identification' });
    seam().setForeignToken(handle);
    try {
      expect(caught(() => enablePrivileges([shutdown])).code).toBe('ERR_TOKEN_LEVEL');
    } finally {
      seam().clearForeignToken();
      seam().closeHandle(handle);
    }
  });

  test('a scope left open ends the process like any other', async () => {
    const { code, stdout, stderr } = await runSource(`
      const { enablePrivileges } = require(${JSON.stringify(product)});
      enablePrivileges(['${shutdown}']);
      await null;
      print('went on');`);
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(stderr).toContain('ERR_SCOPE_LEAKED');
  });
});

describe('canAccess of a security descriptor', () => {
  const sd = (dacl: string): { sddl: string } => ({ sddl: `O:SYG:SY${dacl}` });
  const results = async (token: Token, dacls: string[]): Promise<boolean[]> =>
    Promise.all(dacls.map((dacl) => token.canAccess(sd(dacl), 'read')));

  test('evaluates entries in their order', async () => {
    using token = await alice.token();
    const [allow, deny] = [`(A;;GR;;;${alice.id})`, `(D;;GR;;;${alice.group})`];
    expect(
      await results(token, [
        '',
        'D:',
        `D:${allow}`,
        `D:${deny}${allow}`,
        `D:${allow}${deny}`,
        `D:(A;;GR;;;${bob.id})`,
      ]),
    ).toEqual([true, false, true, false, true, false]);
  });

  test('allows nothing by a deny-only group', async () => {
    using token = await alice.token();
    using restricted = token.restrict({ denyOnly: [alice.group] });
    const dacl = `D:(A;;GR;;;${alice.group})`;
    expect([await results(token, [dacl]), await results(restricted, [dacl])]).toEqual([[true], [false]]);
  });

  test('checks all named rights, or all bits of a mask', async () => {
    using token = await alice.token();
    const readOnly = sd(`D:(A;;FR;;;${alice.id})`);
    const all = sd(`D:(A;;FA;;;${alice.id})`);
    expect(await token.canAccess(readOnly, ['read', 'write'])).toBe(false);
    expect(await token.canAccess(readOnly, 'delete')).toBe(false);
    expect(await token.canAccess(readOnly, 'execute')).toBe(false);
    expect(await token.canAccess(all, ['read', 'write', 'execute', 'delete'])).toBe(true);
    expect([await token.canAccess(readOnly, 0x1), await token.canAccess(readOnly, 0x3)]).toEqual([
      true,
      false,
    ]);
    expect(await token.canAccess(all, 0x001f01ff)).toBe(true);
    expect((await rejected(token.canAccess(all, 0x02000000))).message).toContain('MAXIMUM_ALLOWED');
  });

  test('accepts a token of identification level, not of anonymous level', async () => {
    using token = await alice.token();
    using looked = token.duplicate({ level: 'identification' });
    expect(await looked.canAccess(sd(`D:(A;;GR;;;${alice.id})`), 'read')).toBe(true);
    using anonymous = Token.anonymous();
    expect(await anonymous.canAccess(sd(`D:(A;;GR;;;${alice.id})`), 'read')).toBe(false);
  });

  test.each(['O:SYG:SYD:(A;;GR;;;', 'x', 'D'])('names an invalid descriptor: %s', async (sddl) => {
    using token = await alice.token();
    const error = await rejected(token.canAccess({ sddl }, 'read'));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  });

  test('names what is missing without an owner', async () => {
    using token = await alice.token();
    const error = await rejected(token.canAccess({ sddl: 'D:(A;;GR;;;WD)' }, 'read'));
    expect(error).toMatchObject({ code: 'ERROR_INVALID_SECURITY_DESCR', syscall: 'AccessCheck' });
    expect(error.message).toContain('owner');
  });
});

describe('canAccess of a self-relative descriptor', () => {
  // S-1-5-18 for owner and group; Everyone may read.
  const system = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
  const ace = [0, 0, 20, 0, 0x89, 0, 0x12, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
  const acl = [2, 0, 28, 0, 1, 0, 0, 0, ...ace];
  const head = [1, 0, 0x04, 0x80, 20, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0];
  const whole = Buffer.from([...head, ...system, ...system, ...acl]);
  const changed = (offset: number, ...bytes: number[]): Buffer => {
    const copy = Buffer.from(whole);
    copy.set(bytes, offset);
    return copy;
  };

  test('reads a descriptor within its bytes', async () => {
    using token = await alice.token();
    expect(await token.canAccess({ securityDescriptor: whole }, 'read')).toBe(true);
    expect(await token.canAccess({ securityDescriptor: new Uint8Array(whole) }, 'write')).toBe(false);
  });

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ...[1, 19, 27, 31, 43, 51, 59, 71].map((n): [string, Buffer] => [
      `${String(n)} bytes`,
      whole.subarray(0, n),
    ]),
    ['an absolute one', changed(2, 0x04, 0)],
    ['an owner beyond the end', changed(4, 0xff, 0xff, 0xff, 0xff)],
    ['an owner across the end', changed(4, 68, 0, 0, 0)],
    ['a group of too many parts', changed(33, 15)],
    ['a list beyond the end', changed(16, 72, 0, 0, 0)],
    ['a list longer than the bytes', changed(46, 0xff, 0xff)],
    ['a system list beyond the end', changed(2, 0x14, 0x80, 20, 0, 0, 0, 32, 0, 0, 0, 0xf0, 0xff, 0, 0)],
    ['another revision', changed(0, 9)],
  ])('throws for %s', async (_what, securityDescriptor) => {
    using token = await alice.token();
    const error = await rejected(token.canAccess({ securityDescriptor }, 'read'));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  });
});

test('a deny-only group does not open an object that only the group may open', async () => {
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

test('groups may be given as principals', async () => {
  using token = await alice.token();
  const group = token.groups.find(({ id }) => id === alice.group);
  if (group === undefined) throw new Error('the group is missing');
  using restricted = token.restrict({ denyOnly: [group, everyone] });
  expect(restricted.denyOnlyGroups.map(({ id }) => id).sort()).toEqual([alice.group, everyone].sort());
});

test('a removed privilege is missing from the new token only', async () => {
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

test('a lower level applies in the kernel too', async () => {
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
