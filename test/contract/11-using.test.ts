import type { Token } from 'impersonate';
import { caught } from '../support/errors';
import { describeSwitching, expectActingAs, expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/world';

describeSwitching('impersonate', () => {
  let alice: Token;
  beforeEach(async () => {
    alice = await world.alice.token();
  });
  afterEach(() => {
    alice.close();
  });

  test('acts as the user until the block ends', () => {
    {
      using scope = alice.impersonate();
      expect(scope.token).toBe(alice);
      expect(scope.active).toBe(true);
      expectActingAs(world.alice);
    }
    expectActingAsService();
  });

  test('reverts when the block throws', () => {
    const error = caught(() => {
      using _scope = alice.impersonate();
      expectActingAs(world.alice);
      throw new Error('mine');
    });
    expect(error.message).toBe('mine');
    expectActingAsService();
  });

  test('revert() is idempotent, and dispose after it does nothing', () => {
    using scope = alice.impersonate();
    scope.revert();
    expect(scope.active).toBe(false);
    expectActingAsService();
    scope.revert();
    scope[Symbol.dispose]();
    expectActingAsService();
  });

  test('a scope that has ended does not end a later one', () => {
    const first = alice.impersonate();
    first.revert();
    using second = alice.impersonate();
    first.revert();
    first[Symbol.dispose]();
    expect(second.active).toBe(true);
    expectActingAs(world.alice);
  });

  test('revert() throws for a foreign receiver', () => {
    const scope = alice.impersonate();
    const { revert } = scope;
    const error = caught(() => {
      revert.call({} as never);
    });
    scope.revert();
    expect(error.name).toBe('TypeError');
  });
});
