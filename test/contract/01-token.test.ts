import { inspect } from 'node:util';
import { Impersonation, Token } from 'impersonate';
import { caught } from '../support/errors';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

describe('the process token', () => {
  test('is the service, a primary token without a level', () => {
    using token = Token.process();
    expect(token.user.id).toBe(world.serviceId);
    expect(token.user.kind).toBe('user');
    expect(token.type).toBe('primary');
    expect(token.level).toBeNull();
    expect(token.isAnonymous).toBe(false);
    expect(token.closed).toBe(false);
  });

  test('is the current token outside every scope', () => {
    using current = Token.current();
    expect(current.user.id).toBe(world.serviceId);
    expect(Token.thread()).toBeNull();
  });
});

describe('constructors', () => {
  test.each([
    ['Token', Token],
    ['Impersonation', Impersonation],
  ])('%s cannot be constructed', (_name, Class) => {
    const error = caught(() => Reflect.construct(Class, []));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ILLEGAL_CONSTRUCTOR' });
  });
});

describeSwitching("a user's token", () => {
  freshTokens();

  test('describes its user', () => {
    expect(alice.user).toMatchObject({ kind: 'user', id: world.alice.id });
    if (process.platform === 'win32') expect(alice.user.sid).toBe(world.alice.id);
    else expect(alice.user.uid).toBe(Number(world.alice.id));
    expect(alice.type).toBe('impersonation');
    expect(alice.level).toBe('impersonation');
    expect(alice.isAnonymous).toBe(false);
  });

  test('lists the groups of its user only', () => {
    const groups = (token: Token): string[] => token.groups.map((group) => group.id);
    expect(groups(alice)).toContain(world.alice.group);
    expect(groups(alice)).not.toContain(world.bob.group);
    expect(groups(bob)).toContain(world.bob.group);
    expect(groups(bob)).not.toContain(world.alice.group);
    expect(alice.groups.every((group) => group.kind === 'group')).toBe(true);
    expect(alice.denyOnlyGroups).toEqual([]);
  });

  test('has a logon id where the system has logons', () => {
    if (process.platform === 'win32') expect(alice.logonId).toMatch(/^S-1-5-5-\d+-\d+$/);
    else expect(alice.logonId).toBeNull();
  });

  test('lists privileges by name and state', () => {
    for (const privilege of alice.privileges) {
      expect([typeof privilege.name, typeof privilege.enabled]).toEqual(['string', 'boolean']);
    }
  });

  test('equals a token with the same rights and no other', async () => {
    using again = await world.alice.token();
    using narrowed = alice.duplicate({ level: 'identification' });
    using service = Token.process();
    expect(alice.equals(alice)).toBe(true);
    expect(alice.equals(again)).toBe(true);
    expect(again.equals(alice)).toBe(true);
    expect(alice.equals(bob)).toBe(false);
    expect(alice.equals(narrowed)).toBe(false);
    expect(alice.equals(service)).toBe(false);
  });

  test('is the current token in its scope, as the same object', () => {
    const current = alice.runSync(() => Token.current());
    expect(current).toBe(alice);
  });

  test('is still described by Token.current() after it is closed in its scope', () => {
    const { user, same } = alice.runSync(() => {
      alice.close();
      using current = Token.current();
      return { user: current.user.id, same: current === alice };
    });
    expect(user).toBe(world.alice.id);
    expect(same).toBe(false);
  });

  test('is the effective identity of the thread in its scope, by the kernel', () => {
    const seen = alice.runSync(() => {
      using thread = Token.thread();
      return { user: thread?.user.id, type: thread?.type, equal: thread?.equals(alice) };
    });
    expect(seen).toEqual({ user: world.alice.id, type: 'impersonation', equal: true });
  });

  test('leaves Token.process() the service in its scope', () => {
    const user = alice.runSync(() => {
      using service = Token.process();
      return service.user.id;
    });
    expect(user).toBe(world.serviceId);
  });
});

test('the process token is readable', () => {
  using token = Token.process();
  expect(inspect(token)).toMatch(/^Token\b/);
  expect(inspect(token)).toContain(world.serviceId);
});

describeSwitching('inspect of a user token', () => {
  test('names the class, the user and the level, open and closed', async () => {
    const alice = await world.alice.token();
    const open = inspect(alice);
    expect(open).toMatch(/^Token\b/);
    expect(open).toContain(world.alice.id);
    expect(open).toContain('impersonation');
    alice.close();
    const closed = inspect(alice);
    expect(closed).toMatch(/^Token\b/);
    expect(closed).toContain('closed');
  });

  test('respects the depth when it is nested in another object', async () => {
    using alice = await world.alice.token();
    expect(inspect({ request: { token: alice } }, { depth: 0 })).toBe('{ request: [Object] }');
    expect(inspect({ token: alice }, { depth: 0 })).toContain('Token');
  });

  test('of a scope names the class and the user', async () => {
    using alice = await world.alice.token();
    const scope = alice.impersonate();
    const active = inspect(scope);
    scope.revert();
    for (const text of [active, inspect(scope)]) {
      expect(text).toMatch(/^Impersonation\b/);
      expect(text).toContain(world.alice.id);
    }
  });
});
