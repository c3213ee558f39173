import type { Token } from 'impersonate';
import { describeSwitching, expectActingAs, expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/world';

// Another addon has put bob on the thread before the first scope.
describeSwitching('a foreign identity on the thread', () => {
  let alice: Token;
  beforeEach(async () => {
    alice = await world.alice.token();
    world.putForeign(world.bob);
  });
  afterEach(() => {
    world.removeForeign();
    alice.close();
  });

  test('is restored by runSync', () => {
    expectActingAs(world.bob);
    alice.runSync(() => {
      expectActingAs(world.alice);
    });
    expectActingAs(world.bob);
  });

  test('is restored by using, and when the block throws', () => {
    try {
      using _scope = alice.impersonate();
      expectActingAs(world.alice);
      throw new Error('mine');
    } catch {
      expectActingAs(world.bob);
    }
  });

  test('is captured again for each outermost scope', () => {
    alice.runSync(() => undefined);
    world.removeForeign();
    expectActingAsService();
    alice.runSync(() => {
      expectActingAs(world.alice);
    });
    expectActingAsService();
  });

  test('is restored once, after nested scopes', () => {
    alice.runSync(() => {
      alice.runSync(() => {
        expectActingAs(world.alice);
      });
      expectActingAs(world.alice);
    });
    expectActingAs(world.bob);
  });
});
