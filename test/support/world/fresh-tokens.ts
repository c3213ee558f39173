import type { Token } from 'impersonate';
import { world } from './world';

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
