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

/** The identity that work on another thread acts as. The object keeps the token open. */
export interface Identity {
  readonly tokenRef: TokenRef;
}

function scopeIdentity(): Identity | undefined {
  const id = currentTokenId();
  if (id === 0) return undefined;
  requireNoConflict();
  const known = findToken(id);
  if (known) return { tokenRef: known.ref() };
  // The scope's token has been closed since: only the scope holds it, until it gets an id again.
  return { tokenRef: new TokenRef(native.currentToken()).share() };
}

/** Returns whether a user's identity is in effect. */
export const hasIdentity = (): boolean => currentTokenId() !== 0 || currentFlow() !== undefined;

/**
 * Returns the effective identity: that of the innermost scope, else of the flow; undefined with the process identity.
 * Throws ERR_IDENTITY_CONFLICT where both are in effect and differ.
 */
export function currentIdentity(): Identity | undefined {
  return scopeIdentity() ?? currentFlow();
}

/** Returns whether the effective identity differs from the one that the thread has outside of flows and scopes. */
export function isForeignToThread(): boolean {
  if (currentTokenId() !== 0) return true;
  const flow = currentFlow();
  return flow !== undefined && flow !== pinnedFlow();
}

function noToken(): ImpersonationError {
  return new ImpersonationError(
    'No token is in effect: call this in a flow of token.run() or in an impersonation scope',
    'ERR_NO_TOKEN',
  );
}

/** Returns the effective identity. Throws ERR_NO_TOKEN with the process identity. */
export function requireIdentity(): Identity {
  const identity = currentIdentity();
  if (!identity) throw noToken();
  return identity;
}

/** Returns the flow of the running code. Throws ERR_NO_TOKEN outside of every flow. */
export function requireFlow(): Flow {
  requireNoConflict();
  const flow = currentFlow();
  if (!flow) throw noToken();
  return flow;
}

/** Returns whether the kernel takes this thread for a user: in a scope, or pinned and not suspended. */
export function isThreadImpersonating(): boolean {
  return currentTokenId() !== 0 || (isThreadPinned() && scopeDepth() === 0);
}

/**
 * Calls `fn` with the identity that this thread has outside of every flow and scope, and returns its result: the process
 * identity, or in an ImpersonatedWorker its user's.
 */
export function asThread<R>(fn: () => R): R {
  const pinned = pinnedFlow();
  if (!pinned) return asProcess(fn);
  return outsideFlow(() => (scopeDepth() === 0 ? fn() : enterSync(pinned.tokenRef.id, fn)));
}
