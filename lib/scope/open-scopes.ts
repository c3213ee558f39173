import type { ScopeId } from '../../types/native';
import type { ScopeMessage } from '../diagnostics/messages';

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
