import type { ScopeId } from '../../types/native';
import type { ScopeMessage } from '../diagnostics/messages';
import { captureStackTrace } from '../internal/call-sites';

/** A `using` scope of this thread, shared by its Impersonation and the leak report. */
export interface OpenScope {
  id: ScopeId;
  /** Where it was opened. */
  stack?: string;
  /** The message that was published at its entry; absent without subscribers. */
  message?: ScopeMessage | undefined;
}

/**
 * The scopes of this thread that were opened in the running job and not reverted, innermost last. Only the native side
 * knows which of them are open: it leaves the scopes of a script that is terminated, when no JavaScript runs.
 */
export const openScopes: OpenScope[] = [];

/** Returns the scope and all scopes inside it, innermost first. */
export function scopesFrom(scope: OpenScope): OpenScope[] {
  const index = openScopes.lastIndexOf(scope);
  return index < 0 ? [] : openScopes.slice(index).reverse();
}

/** Removes the scope and all scopes inside it. */
export function forgetFrom(scope: OpenScope): void {
  const index = openScopes.lastIndexOf(scope);
  if (index < 0) return;
  while (openScopes.length > index) openScopes.pop();
}

/** How many scopes of a job keep their stack: capturing one takes ten times as long as the rest of a scope's JavaScript. */
const most = 16;
let kept = 0;

/** Captures the stack where a scope is opened, above the call of `below`, for a leak report. */
export function keepOpenedAt(scope: OpenScope, below: new (...args: never[]) => object): void {
  if (kept === most) return;
  kept += 1;
  captureStackTrace(scope, below);
}

/** Starts the count of captured stacks again, at the end of a job. */
export function endOfJob(): void {
  kept = 0;
}
