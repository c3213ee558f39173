import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import {
  asProcess,
  currentFlow,
  isThreadPinned,
  outsideFlow,
  pinnedFlow,
  type Flow,
} from '../internal/flow-store';
import { TokenRef, findToken } from '../internal/token-ref';
import { currentTokenId, enterSync, requireNoConflict, scopeDepth } from '../scope/state';

/** Who work that leaves the thread acts as. Whoever holds it keeps the token open. */
export interface Identity {
  readonly tokenRef: TokenRef;
}

function scopeIdentity(): Identity | undefined {
  const id = currentTokenId();
  if (id === 0) return undefined;
  requireNoConflict();
  const known = findToken(id);
  if (known) return { tokenRef: known.ref() };
  // The scope's token has been closed since: it lives in the scope alone, until it gets a number again.
  return { tokenRef: new TokenRef(native.currentToken()).share() };
}

/** Whether the running code acts as a user. */
export const hasIdentity = (): boolean => currentTokenId() !== 0 || currentFlow() !== undefined;

/**
 * Of the running code: the innermost scope's, else the flow's; undefined where it acts as the process. Throws
 * ERR_IDENTITY_CONFLICT where both are in effect, and of different users.
 */
export function currentIdentity(): Identity | undefined {
  return scopeIdentity() ?? currentFlow();
}

/** Whether the running code acts as another identity than the one its thread has outside of flows and scopes. */
export function isForeignToThread(): boolean {
  if (currentTokenId() !== 0) return true;
  const flow = currentFlow();
  return flow !== undefined && flow !== pinnedFlow();
}

function noToken(): ImpersonationError {
  return new ImpersonationError(
    'There is no token here: this is neither in a flow of token.run() nor in an impersonation scope',
    'ERR_NO_TOKEN',
  );
}

/** The same; throws ERR_NO_TOKEN rather than to let anything be done as the process. */
export function requireIdentity(): Identity {
  const identity = currentIdentity();
  if (!identity) throw noToken();
  return identity;
}

export function requireFlow(): Flow {
  requireNoConflict();
  const flow = currentFlow();
  if (!flow) throw noToken();
  return flow;
}

/** Whether this thread is a user for the kernel now: in a scope, or for its whole life and not put aside. */
export function isThreadImpersonating(): boolean {
  return currentTokenId() !== 0 || (isThreadPinned() && scopeDepth() === 0);
}

/**
 * Calls `fn` as whoever this thread is outside of every flow and scope, and returns its result: the process, but in an
 * ImpersonatedWorker its user.
 */
export function asThread<R>(fn: () => R): R {
  const pinned = pinnedFlow();
  if (!pinned) return asProcess(fn);
  return outsideFlow(() => (scopeDepth() === 0 ? fn() : enterSync(pinned.tokenRef.id, fn)));
}
