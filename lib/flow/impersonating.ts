import { isThreadPinned } from '../internal/flow-store';
import { currentTokenId, scopeDepth } from '../scope/state';

/** Whether this thread is a user for the kernel now: in a scope, or for its whole life and not put aside. */
export function isThreadImpersonating(): boolean {
  return currentTokenId() !== 0 || (isThreadPinned() && scopeDepth() === 0);
}
