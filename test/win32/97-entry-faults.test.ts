import { Token } from 'impersonate';
import { caught } from '../support/errors';
import { type FaultSpan, seam } from '../support/win32/seam';
import { alice, bob, expectActingAs, expectActingAsService, freshTokens } from '../support/world/acting';
import { world } from '../support/world/win32';

const addon = 'impersonate.node';
const fail = (name: string, span: FaultSpan = {}): void => {
  expect(seam().failImport(addon, name, { error: 5, times: Infinity, ...span })).not.toEqual([]);
};

afterEach(() => {
  seam().clearFaults();
});
freshTokens();

describe('an entry that fails', () => {
  test('because a privilege is missing names it', () => {
    expect(seam().failImport(addon, 'SetThreadToken', { error: 1314, times: 1 })).not.toEqual([]);
    const error = caught(() => {
      alice.impersonate();
    });
    expect(error).toMatchObject({ code: 'ERROR_PRIVILEGE_NOT_HELD', errno: 1314, syscall: 'SetThreadToken' });
    expect(error.message).toMatch(
      /the process lacks SeImpersonatePrivilege \(docs\/rights\.md\); run npx impersonate doctor$/,
    );
    expectActingAsService();
  });

  test.each([
    ['SetThreadToken', 'ERROR_ACCESS_DENIED', 5],
    ['OpenThreadToken', 'ERROR_ACCESS_DENIED', 5],
    ['OpenThreadToken', 'ERROR_NOT_ENOUGH_MEMORY', 8],
  ])('at %s with %s: the callback never runs, the thread is as before', (call, code, errno) => {
    let ran = false;
    for (const enter of [
      () => {
        alice.runSync(() => {
          ran = true;
        });
      },
      () => {
        alice.impersonate().revert();
      },
    ]) {
      expect(seam().failImport(addon, call, { error: errno, times: Infinity })).not.toEqual([]);
      const error = caught(enter);
      seam().clearFaults();
      expect(error).toMatchObject({ name: 'ImpersonationError', code, errno, syscall: call });
      expectActingAsService();
    }
    expect(ran).toBe(false);
    seam().clearFaults();
    alice.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test('inside another scope leaves the outer scope in effect', () => {
    alice.runSync(() => {
      fail('SetThreadToken', { times: 1 });
      expect(
        caught(() => {
          bob.impersonate().revert();
        }),
      ).toMatchObject({ code: 'ERROR_ACCESS_DENIED', syscall: 'SetThreadToken' });
      expectActingAs(world.alice);
    });
    expectActingAsService();
  });

  test('over a foreign token that cannot be opened leaves it in place', () => {
    const handle = world.bob.mint({ level: 'anonymous' });
    seam().setForeignToken(handle);
    try {
      let ran = false;
      const error = caught(() =>
        alice.runSync(() => {
          ran = true;
        }),
      );
      expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERROR_CANT_OPEN_ANONYMOUS' });
      expect(ran).toBe(false);
      expect(seam().effectiveIdentity().thread).toBe(true);
    } finally {
      seam().clearForeignToken();
      seam().closeHandle(handle);
    }
  });

  test.each(['runSync', 'impersonate'] as const)(
    'by a silent downgrade is detected at the first use by %s',
    (how) => {
      seam().lieSetThreadToken(addon, { times: 1 });
      let ran = false;
      const enter = (): unknown =>
        how === 'runSync'
          ? alice.runSync(() => {
              ran = true;
            })
          : alice.impersonate().revert();
      expect(caught(enter)).toMatchObject({
        name: 'ImpersonationError',
        code: 'ERR_IMPERSONATION_DOWNGRADED',
      });
      expect(ran).toBe(false);
      expectActingAsService();
      // It does not count as verified: the next use checks again.
      seam().lieSetThreadToken(addon, { times: 1 });
      expect(caught(enter).code).toBe('ERR_IMPERSONATION_DOWNGRADED');
      expectActingAsService();
    },
  );

  test("by another user's token is detected at the first use", () => {
    const handle = world.bob.mint();
    try {
      seam().swapThreadToken(addon, handle);
      let ran = false;
      const error = caught(() =>
        alice.runSync(() => {
          ran = true;
        }),
      );
      expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_IMPERSONATION_MISMATCH' });
      expect(ran).toBe(false);
      expectActingAsService();
    } finally {
      seam().closeHandle(handle);
    }
  });

  test('by a silent downgrade in a nested scope reverts to the outer scope', () => {
    alice.runSync(() => {
      seam().lieSetThreadToken(addon, { times: 1 });
      expect(
        caught(() => {
          bob.impersonate().revert();
        }).code,
      ).toBe('ERR_IMPERSONATION_DOWNGRADED');
      expectActingAs(world.alice);
    });
  });

  test('leaves no handle, token or scope behind', () => {
    const enter = (): void => {
      caught(() => {
        alice.impersonate().revert();
      });
    };
    fail('SetThreadToken');
    enter();
    const [handles, count] = [world.handleCount(), Token.count];
    for (let round = 0; round < 500; round++) enter();
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 1);
    expect(Token.count).toBe(count);
  });
});
