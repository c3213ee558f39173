import type { ScopeId } from '../types/native';

/** A `using` scope of this thread, as its Impersonation and the detectors share it. */
export interface OpenScope {
  /** 0 once it has been left. */
  id: ScopeId;
  /** Who it acts as, for a message. */
  readonly token: { toString(): string };
  /** Where it was opened. */
  stack?: string;
}

/** The scopes of this thread that are open, innermost last. */
export const openScopes: OpenScope[] = [];

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
