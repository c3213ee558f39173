import { inspect } from 'node:util';
import { Token } from 'impersonate';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

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

  test('respects depth, as nested in another object', async () => {
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
