import type { Token } from 'impersonate';
import { type Identity, world } from './world';

const other = (who: Identity): Identity => (who.key === 'alice' ? world.bob : world.alice);

/** The calling thread is `who` for the kernel: what it is called and what it may open. */
export function expectActingAs(who: Identity): void {
  expect({
    user: world.whoAmI(),
    own: world.canOpen(who),
    others: world.canOpen(other(who)),
    service: world.canOpenService(),
  }).toEqual({ user: who.id, own: true, others: false, service: false });
}

export function expectActingAsService(): void {
  expect({ user: world.whoAmI(), service: world.canOpenService() }).toEqual({
    user: world.serviceId,
    service: true,
  });
}

/**
 * Why this machine does not let a test take on another user; undefined where it does. The runner that makes
 * the users says which; with neither said, the tests run, and fail.
 */
export const cannotSwitch: string | undefined =
  process.platform === 'win32' || process.env.IMPERSONATE_TEST_USERS === '1'
    ? undefined
    : process.env.IMPERSONATE_TEST_SKIP;

/** Tests that take on another user: skipped, with the reason in the name, where that cannot be. */
export function describeSwitching(name: string, body: () => void): void {
  if (cannotSwitch === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${cannotSwitch})`, body);
}

/** The test's own tokens, once `freshTokens` has been called around it. */
export let alice: Token;
export let bob: Token;

/** Gives each test of the enclosing block new tokens of both users, closed after it. */
export function freshTokens(): void {
  beforeEach(async () => {
    alice = await world.alice.token();
    bob = await world.bob.token();
  });
  afterEach(() => {
    alice.close();
    bob.close();
  });
}
