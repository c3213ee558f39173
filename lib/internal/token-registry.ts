import type { TokenId } from '../../types/native';
import type { OpenToken } from '../token/open-token';
import type { Token } from '../token/token';
import type { TokenLease } from './token-ref';

const live = new Map<TokenId, WeakRef<OpenToken>>();
let warned = false;

/** Tokens that need no close(). */
const quiet = new WeakSet<TokenLease>();

/** Tokens that nobody closed: their handles are released, and the mistake is named once. */
const collected = new FinalizationRegistry<TokenLease>((lease) => {
  if (live.get(lease.id)?.deref() === undefined) live.delete(lease.id);
  if (!lease.release() || quiet.has(lease) || warned) return;
  warned = true;
  process.emitWarning('A Token was garbage-collected without close(). Its handle has been released now', {
    type: 'ImpersonationWarning',
    code: 'IMPERSONATE_TOKEN_NOT_CLOSED',
    detail: 'Declare tokens with `using`, or call close(). Further ones are released without a warning.',
  });
});

/** `isQuiet`: its owner never asked for it, and need not close it. */
export function registerToken(token: OpenToken, lease: TokenLease, isQuiet: boolean): void {
  live.set(lease.id, new WeakRef(token));
  if (isQuiet) quietToken(lease);
  collected.register(token, lease, token);
}

/** Has the token released without a warning if it is collected before close(). */
export function quietToken(lease: TokenLease): void {
  quiet.add(lease);
}

export function unregisterToken(token: OpenToken, lease: TokenLease): void {
  live.delete(lease.id);
  collected.unregister(token);
}

/** The Token object with that id, while it is open. */
export function findToken(id: TokenId): Token | undefined {
  return live.get(id)?.deref() as Token | undefined;
}
