import type { ScopeId } from '../../types/native';
import type { ScopeMessage } from '../diagnostics/messages';
import { captureStackTrace } from '../internal/call-sites';

/** A `using` scope of this thread, as its Impersonation and the report of a leak share it. */
export interface OpenScope {
  id: ScopeId;
  /** Where it was opened. */
  stack?: string;
  /** What was published of it; absent if nobody had subscribed. */
  message?: ScopeMessage | undefined;
}

/**
 * The scopes of this thread that have been opened in the running job and not reverted, innermost last. Which of them are
 * open is for the native side to say: it leaves the scopes of a script that is terminated, and no JavaScript runs then.
 */
export const openScopes: OpenScope[] = [];

/** The scope and all inside it, innermost first. */
export function scopesFrom(scope: OpenScope): OpenScope[] {
  const index = openScopes.lastIndexOf(scope);
  return index < 0 ? [] : openScopes.slice(index).reverse();
}

/** Forgets the scope and all inside it. */
export function forgetFrom(scope: OpenScope): void {
  const index = openScopes.lastIndexOf(scope);
  if (index < 0) return;
  while (openScopes.length > index) openScopes.pop();
}

/** Of so many scopes of a job: a stack costs microseconds, and the rest of a scope's JavaScript a tenth of one. */
const most = 16;
let kept = 0;

/** Keeps the stack where a scope is opened, up to the call of `below`, for the case that it is left open. */
export function keepOpenedAt(scope: OpenScope, below: new (...args: never[]) => object): void {
  if (kept === most) return;
  kept += 1;
  captureStackTrace(scope, below);
}

/** At the end of a job: of the next one's first scopes it is kept again. */
export function endOfJob(): void {
  kept = 0;
}
