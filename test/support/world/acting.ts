import type { Token } from 'impersonate';
import { type Identity, world } from './world';

const other = (who: Identity): Identity => (who.key === 'alice' ? world.bob : world.alice);

/** Expects that the calling thread is `who` by the kernel: its id, and what it may open. */
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
 * Why tests cannot act as other users on this machine; undefined if they can. The runner that creates the users sets
 * one of the variables; without either, the tests run, and fail.
 */
export const cannotSwitch: string | undefined =
  process.platform === 'win32' || process.env.IMPERSONATE_TEST_USERS === '1'
    ? undefined
    : process.env.IMPERSONATE_TEST_SKIP;

/** Declares tests that act as other users; skips them, with the reason in the name, if that is impossible. */
export function describeSwitching(name: string, body: () => void): void {
  if (cannotSwitch === undefined) describe(name, body);
  else describe.skip(`${name} (skipped: ${cannotSwitch})`, body);
}

/** The tokens of the running test, in a block that calls `freshTokens`. */
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
