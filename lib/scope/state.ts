import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { begunFlow } from '../internal/flow-store';

// Shared memory with the native side, read without a call.
const state = native.scopeState;
const token = 0;
const depth = 1;
const held = 2;

/** Returns the id of the innermost scope's token: 0 outside of every scope, -1 if the token has been closed since. */
export const currentTokenId = (): TokenId => state[token] as TokenId;

/** Returns the number of open scopes of this thread. */
export const scopeDepth = (): number => state[depth] as number;

/**
 * Returns whether a native frame ends the innermost scope, as that of runSync or withoutToken does. True outside of every
 * scope.
 */
export const isInnermostHeld = (): boolean => state[held] === state[depth];

/** The flow in which each open scope was opened, by depth; 0 for none. Entries beyond the present depth are stale. */
const openedIn: number[] = [];

const flowNumber = (): number => begunFlow()?.number ?? 0;

/** Records the flow of the scope that is about to be opened. */
export function recordFlow(): void {
  openedIn[scopeDepth()] = flowNumber();
}

/** Returns whether the innermost scope was opened in the flow of the running code. */
export const isScopeOfFlow = (): boolean => openedIn[scopeDepth() - 1] === flowNumber();

/** Calls `fn` in a scope of the token, within one native frame, and returns its result. */
export function enterSync<A extends unknown[], R>(id: TokenId, fn: (...args: A) => R, ...args: A): R {
  recordFlow();
  return native.runSync(id, fn, ...args);
}

function isScopesUser(id: TokenId): boolean {
  const scope = currentTokenId();
  if (scope > 0) return native.equalTokens(id, scope);
  // The scope's token has been closed since: only the scope holds it.
  const token = native.currentToken();
  try {
    return native.equalTokens(id, token);
  } finally {
    native.closeToken(token);
  }
}

/**
 * Throws ERR_IDENTITY_CONFLICT where code of one user's flow runs in another user's scope, as a handler does that was
 * bound in that flow: its synchronous calls would act as the scope's user, and its asynchronous work as the flow's. A
 * scope that was opened in the flow itself is no conflict.
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
