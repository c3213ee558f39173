import { Token } from 'impersonate';
import { caught } from '../support/errors';
import {
  alice,
  bob,
  describeSwitching,
  expectActingAs,
  expectActingAsService,
  freshTokens,
} from '../support/world/acting';
import { world } from '../support/world/world';

describeSwitching('nested scopes', () => {
  freshTokens();

  test('of the same token: a callback cannot end the scope around it', () => {
    const scope = alice.impersonate();
    try {
      alice.runSync(() => {
        expect(caught(() => scope.revert()).code).toBe('ERR_SCOPE_ORDER');
        expectActingAs(world.alice);
      });
    } finally {
      scope.revert();
    }
    expectActingAsService();
  });

  test('revert to the outer scope, in every mixture', () => {
    alice.runSync(() => {
      bob.runSync(() => {
        using _inner = alice.impersonate();
        expectActingAs(world.alice);
      });
      expectActingAs(world.alice);
      {
        using _inner = bob.impersonate();
        expectActingAs(world.bob);
      }
      expectActingAs(world.alice);
    });
    expectActingAsService();
  });

  test('revert to the outer scope when they throw', () => {
    alice.runSync(() => {
      const error = caught(() =>
        bob.runSync(() => {
          throw new Error('mine');
        }),
      );
      expect(error.message).toBe('mine');
      expectActingAs(world.alice);
    });
  });

  test('of the same token stay that user until the outer scope ends', () => {
    using outer = alice.impersonate();
    {
      using inner = alice.impersonate();
      expect(inner).not.toBe(outer);
      expectActingAs(world.alice);
    }
    expect(outer.active).toBe(true);
    expectActingAs(world.alice);
  });

  test('of the process token act as the service until they end', () => {
    using service = Token.process();
    alice.runSync(() => {
      service.runSync(() => {
        expect(world.whoAmI()).toBe(world.serviceId);
      });
      expectActingAs(world.alice);
    });
  });

  test('a hundred deep revert one by one', () => {
    const descend = (depth: number): void => {
      const [token, who] = depth % 2 === 0 ? ([alice, world.alice] as const) : ([bob, world.bob] as const);
      token.runSync(() => {
        if (depth > 0) descend(depth - 1);
        expect(world.whoAmI()).toBe(who.id);
      });
    };
    descend(100);
    expectActingAsService();
  });

  test('disposed out of order are unwound, and dispose throws', () => {
    const outer = alice.impersonate();
    const inner = bob.impersonate();
    expect(
      caught(() => {
        outer.revert();
      }),
    ).toMatchObject({ name: 'ImpersonationError', code: 'ERR_SCOPE_ORDER' });
    expect([outer.active, inner.active]).toEqual([false, false]);
    expectActingAsService();
    inner.revert();
    outer.revert();
    expectActingAsService();
  });

  test('disposed out of order in the middle keep the outer scope', () => {
    using outer = alice.impersonate();
    const middle = bob.impersonate();
    const inner = alice.impersonate();
    expect(
      caught(() => {
        middle[Symbol.dispose]();
      }).code,
    ).toBe('ERR_SCOPE_ORDER');
    expect([outer.active, middle.active, inner.active]).toEqual([true, false, false]);
    expectActingAs(world.alice);
  });

  test('around a running runSync cannot be ended from inside it', () => {
    const outer = alice.impersonate();
    bob.runSync(() => {
      const error = caught(() => {
        outer.revert();
      });
      expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_SCOPE_ORDER' });
      expectActingAs(world.bob);
    });
    expect(outer.active).toBe(true);
    expectActingAs(world.alice);
    outer.revert();
    expectActingAsService();
  });
});
