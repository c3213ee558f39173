// The lifetime of native tokens on the JavaScript side: references that keep one open, and the Token objects by id.
import type { TokenId } from '../../types/native';
import type { OpenToken } from '../token/open-token';
import type { Token } from '../token/token';
import { native } from './binding';

/** Closes tokens of shared references that have become unreachable. */
const unreachable = new FinalizationRegistry<TokenId>((id) => {
  native.closeToken(id);
});

/**
 * A reference that keeps a native token open. At first it belongs to one Token object, which releases it in `close()`.
 * Once it is shared with a flow, a job or a worker, the token stays open until the reference is unreachable: whatever can
 * resume a flow refers to it.
 */
export class TokenRef {
  readonly id: TokenId;
  #shared = false;

  constructor(id: TokenId) {
    this.id = id;
  }

  /** Takes the right to close the token away from its first owner, and returns this reference. */
  share(): this {
    if (!this.#shared) unreachable.register(this, this.id);
    this.#shared = true;
    return this;
  }

  /** Closes the token unless the reference is shared. Returns whether it was open. No idle thread stays its user. */
  release(): boolean {
    if (!this.#shared) return native.closeToken(this.id);
    native.disownToken(this.id);
    return false;
  }
}

const live = new Map<TokenId, WeakRef<OpenToken>>();
let warned = false;

/** References of tokens that need no `close()`. */
const quiet = new WeakSet<TokenRef>();

/** Releases the tokens of Token objects that were collected without `close()`, and warns once. */
const collected = new FinalizationRegistry<TokenRef>((ref) => {
  if (live.get(ref.id)?.deref() === undefined) live.delete(ref.id);
  if (!ref.release() || quiet.has(ref) || warned) return;
  warned = true;
  process.emitWarning('A Token was garbage-collected without close(). Its handle has been released now', {
    type: 'ImpersonationWarning',
    code: 'IMPERSONATE_TOKEN_NOT_CLOSED',
    detail: 'Declare tokens with `using`, or call close(). Further ones are released without a warning.',
  });
});

/** Registers an open Token object. With `isQuiet` there is no warning if it is collected: the caller did not make it. */
export function registerToken(token: OpenToken, ref: TokenRef, isQuiet: boolean): void {
  live.set(ref.id, new WeakRef(token));
  if (isQuiet) quietToken(ref);
  collected.register(token, ref, token);
}

/** Suppresses the warning for a token that is collected without `close()`. */
export function quietToken(ref: TokenRef): void {
  quiet.add(ref);
}

/** Removes a Token object that has been closed. */
export function unregisterToken(token: OpenToken, ref: TokenRef): void {
  live.delete(ref.id);
  collected.unregister(token);
}

/** Returns the open Token object of that id, if there is one. */
export function findToken(id: TokenId): Token | undefined {
  return live.get(id)?.deref() as Token | undefined;
}
