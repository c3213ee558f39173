import { native } from './binding';
import { isThreadPinned } from './flow';

/** Whether this thread is a user for the kernel now: in a scope, or for its whole life and not put aside. */
export function isThreadImpersonating(): boolean {
  return native.currentTokenId() !== 0 || (isThreadPinned() && native.depth() === 0);
}
