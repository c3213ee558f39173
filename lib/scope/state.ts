import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { begunFlow } from '../internal/flow-store';

// Read without a call, since almost everything asks.
const state = native.scopeState;
const token = 0;
const depth = 1;
const held = 2;

/** The innermost scope's token: its id, 0 outside every scope, -1 if it has been closed since. */
export const currentTokenId = (): TokenId => state[token] as TokenId;

/** Open scopes of this thread. */
export const scopeDepth = (): number => state[depth] as number;

/**
 * Whether a native frame ends the innermost scope: the callback of runSync or of withoutToken runs in it. So it is outside
 * of every scope.
 */
export const isInnermostHeld = (): boolean => state[held] === state[depth];

/** By the depth of each open scope: the flow in which it was opened, 0 for none. What lies deeper is of no account. */
const openedIn: number[] = [];

const flowNumber = (): number => begunFlow()?.number ?? 0;

/** To be called before a scope is opened. */
export function noteFlow(): void {
  openedIn[scopeDepth()] = flowNumber();
}

/** Whether the innermost scope was opened in the flow of the running code. */
export const isScopeOfFlow = (): boolean => openedIn[scopeDepth() - 1] === flowNumber();

/** `native.runSync`. */
export function enterSync<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, ...args: A): R {
  noteFlow();
  return native.runSync(id, fn, ...args);
}

function isScopesUser(id: TokenId): boolean {
  const scope = currentTokenId();
  if (scope > 0) return native.equalTokens(id, scope);
  // It has been closed since, and lives in the scope alone.
  const token = native.currentToken();
  try {
    return native.equalTokens(id, token);
  } finally {
    native.closeToken(token);
  }
}

/**
 * Throws ERR_IDENTITY_CONFLICT in a scope in which code of another user's flow runs, as a handler does that was bound
 * in that flow: what the kernel decides on this thread would be the scope's user's, and whatever it leaves for later
 * the flow's. A scope that was opened in that flow is what the flow wants.
 */
export function requireNoConflict(): void {
  if (currentTokenId() === 0) return;
  const flow = begunFlow();
  if (!flow || isScopeOfFlow() || flow.tokenRef.id === currentTokenId() || isScopesUser(flow.tokenRef.id))
    return;
  throw new ImpersonationError(
    "Code of one user's flow runs inside another user's scope: some of its calls would act as the one, some as the " +
      'other. Call what was bound in a flow (AsyncResource.bind, AsyncLocalStorage.snapshot) outside of scopes, or in ' +
      'withoutToken()',
    'ERR_IDENTITY_CONFLICT',
  );
}
