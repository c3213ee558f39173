import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { lookupAccount, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { caught } from '../support/errors';
import { describeSwitching, expectActingAs, expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/world';

// The promises of WindowsIdentity.RunImpersonated for synchronous work.
describeSwitching('the checklist', () => {
  let alice: Token;
  beforeEach(async () => {
    alice = await world.alice.token();
  });
  afterEach(() => {
    alice.close();
  });

  test('runs as the user, reverts to the process, and returns the result', () => {
    const before = world.whoAmI();
    const inside = alice.runSync(world.whoAmI);
    expect(inside).toBe(world.alice.id);
    expect(inside).not.toBe(before);
    expect(world.whoAmI()).toBe(before);
  });

  test('resolves a host name for work that starts in a scope', async () => {
    let address: Promise<{ address: string }> | undefined;
    alice.runSync(() => {
      address = lookup('127.0.0.1');
    });
    expect((await address)?.address).toBe('127.0.0.1');
    expectActingAsService();
  });

  test('ends a scope as its token even if the token was closed and collected', async () => {
    const lines = await linesOf(
      `let alice = await world.alice.token();
       const bob = await world.bob.token();
       alice.runSync(() => {
         alice.close();
         alice = undefined;
         for (let i = 0; i < 5; i++) globalThis.gc();
         bob.runSync(() => { globalThis.gc(); });
         print(String(world.whoAmI() === world.alice.id));
       });
       print(String(world.whoAmI() === world.serviceId));`,
      { execArgv: ['--expose-gc'] },
    );
    expect(lines).toEqual(['true', 'true']);
  });

  test('the thread has no token outside every scope', () => {
    expect(Token.thread()).toBeNull();
    alice.runSync(() => {
      const token = Token.thread();
      expect(token).not.toBeNull();
      token?.close();
    });
    expect(Token.thread()).toBeNull();
  });

  test('accounts are looked up as the process', async () => {
    const [inside] = alice.runSync(() => [lookupAccount(alice.user)]);
    const outside = await lookupAccount(alice.user);
    expect(await inside).toEqual(outside);
  });

  test('an anonymous token is anonymous', () => {
    using anonymous = Token.anonymous();
    expect(anonymous.isAnonymous).toBe(true);
    expect(anonymous.user.id).not.toBe(world.serviceId);
    expect(anonymous.groups.map((group) => group.id)).not.toContain(world.alice.group);
    expect(anonymous.equals(alice)).toBe(false);
  });

  test('duplicates are independent of one another', () => {
    const first = alice.duplicate();
    using second = first.duplicate();
    first.close();
    expect(
      caught(() => {
        first.impersonate().revert();
      }).code,
    ).toBe('ERR_TOKEN_CLOSED');
    second.runSync(() => {
      expectActingAs(world.alice);
    });
  });

  test('a module that is loaded in a scope is loaded or rejected, and the scope goes on', () => {
    alice.runSync(() => {
      expect(() => require('node:dgram') as unknown).not.toThrow();
      expect(() => readFileSync('/nonexistent')).toThrow('ENOENT');
    });
    expectActingAsService();
  });

  test('callbacks of the event loop run as the service while no scope is open', async () => {
    const seen: string[] = [];
    const timer = setInterval(() => seen.push(world.whoAmI()), 1);
    for (let round = 0; round < 20; round++) {
      alice.runSync(() => undefined);
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
    }
    clearInterval(timer);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([world.serviceId]));
  });
});
