import type { ScopeId } from '../types/native';
import type { ScopeMessage } from './diagnostics/messages';
import type { Principal } from './principal';

/** A `using` scope of this thread, as its Impersonation and the detectors share it. */
export interface OpenScope {
  /** 0 once it has been left. */
  id: ScopeId;
  /** Who it acts as, for a message. */
  readonly token: { toString(): string; readonly closed: boolean; readonly user: Principal };
  /** Where it was opened. */
  stack?: string;
  /** What was told of it; absent if nobody wanted to know. */
  message?: ScopeMessage | undefined;
}

/** The scopes of this thread that are open, innermost last. */
export const openScopes: OpenScope[] = [];

/** The scope and all inside it, innermost first. */
export function scopesFrom(scope: OpenScope): OpenScope[] {
  const index = openScopes.lastIndexOf(scope);
  return index < 0 ? [] : openScopes.slice(index).reverse();
}

/** Marks the scope and all inside it as left. */
export function abandonFrom(scope: OpenScope): void {
  const index = openScopes.lastIndexOf(scope);
  if (index < 0) return;
  for (let last = openScopes.length - 1; last >= index; last--) {
    const left = openScopes.pop();
    if (left) left.id = 0;
  }
}

/** Marks every scope as left; returns them. */
export function abandonAll(): OpenScope[] {
  const left = openScopes.splice(0);
  for (const scope of left) scope.id = 0;
  return left;
}

/** Calls `fn` with the scopes of this thread put aside: code that is not theirs may await. */
export function withoutScopes<R>(fn: () => R): R {
  const aside = openScopes.splice(0);
  try {
    return fn();
  } finally {
    openScopes.unshift(...aside);
  }
}
