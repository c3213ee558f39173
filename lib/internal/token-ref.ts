import type { TokenId } from '../../types/native';
import { native } from './binding';

const unreachable = new FinalizationRegistry<TokenId>((id) => {
  native.closeToken(id);
});

/**
 * Keeps a native token open: for one Token object, or, once a flow has taken it on, until nothing refers to it any
 * more. Whatever can resume a flow does.
 */
export class TokenLease {
  readonly id: TokenId;
  #shared = false;

  constructor(id: TokenId) {
    this.id = id;
  }

  /** From now on the token is not its first owner's to close. */
  share(): this {
    if (!this.#shared) unreachable.register(this, this.id);
    this.#shared = true;
    return this;
  }

  /** Closes the token unless it is shared; whether it was open. */
  release(): boolean {
    return !this.#shared && native.closeToken(this.id);
  }
}
