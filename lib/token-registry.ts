import type { TokenId } from '../types/native';
import { native } from './binding';
import type { Token } from './token';

const live = new Map<TokenId, WeakRef<Token>>();
let warned = false;

/** Tokens that nobody closed: their handles are released, and the mistake is named once. */
const collected = new FinalizationRegistry<{ id: TokenId; quiet: boolean }>(({ id, quiet }) => {
  live.delete(id);
  if (!native.closeToken(id) || quiet || warned) return;
  warned = true;
  process.emitWarning('A Token was garbage-collected without close(). Its handle has been released now', {
    type: 'ImpersonationWarning',
    code: 'IMPERSONATE_TOKEN_NOT_CLOSED',
    detail: 'Declare tokens with `using`, or call close(). Further ones are released without a warning.',
  });
});

/** `quiet`: its owner never asked for it, and need not close it. */
export function registerToken(token: Token, id: TokenId, quiet: boolean): void {
  live.set(id, new WeakRef(token));
  collected.register(token, { id, quiet }, token);
}

export function unregisterToken(token: Token, id: TokenId): void {
  live.delete(id);
  collected.unregister(token);
}

/** The Token object with that id, while it is open. */
export function findToken(id: TokenId): Token | undefined {
  return live.get(id)?.deref();
}
