import { Token } from 'impersonate';
import { expectActingAs } from '../support/world/acting';
import { caught } from '../support/errors';
import { seam } from '../support/win32/seam';
import { world } from '../support/world/win32';

const anonymousLogon = 'S-1-5-7';

test("an anonymous token is the anonymous logon, with no user's group", () => {
  using token = Token.anonymous();
  expect(token.user.id).toBe(anonymousLogon);
  expect(token.isAnonymous).toBe(true);
  expect(seam().effectiveIdentity().thread).toBe(false);
});

test('its scope cannot open the objects of a user', () => {
  using token = Token.anonymous();
  const opened = token.runSync(() => [
    world.canOpen(world.alice),
    world.canOpen(world.bob),
    world.canOpenService(),
  ]);
  expect(opened).toEqual([false, false, false]);
});

test('making one in a scope leaves the scope in effect', async () => {
  using alice = await world.alice.token();
  alice.runSync(() => {
    using token = Token.anonymous();
    expect(token.isAnonymous).toBe(true);
    expectActingAs(world.alice);
  });
});

test('making one leaves a foreign token where it was', () => {
  world.putForeign(world.bob);
  try {
    using token = Token.anonymous();
    expect(token.user.id).toBe(anonymousLogon);
    expectActingAs(world.bob);
  } finally {
    world.removeForeign();
  }
});

test('a failure to make one leaves the thread as it was', async () => {
  using alice = await world.alice.token();
  seam().failImport('impersonate.node', 'ImpersonateAnonymousToken', { error: 5 });
  try {
    alice.runSync(() => {
      expect(caught(() => Token.anonymous())).toMatchObject({
        code: 'ERROR_ACCESS_DENIED',
        syscall: 'ImpersonateAnonymousToken',
      });
      expectActingAs(world.alice);
    });
  } finally {
    seam().clearFaults();
  }
});
