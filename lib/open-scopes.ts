/** What the detectors need to know of an open scope. */
export interface OpenScope {
  /** Marks it as left, without touching the thread. */
  abandon(): void;
  /** Who it acts as and where it was opened, for a message. */
  describe(): string;
}

/** The `using` scopes of this thread that are open, innermost last. */
export const openScopes: OpenScope[] = [];

/** Marks the scope and all inside it as left. */
export function abandonFrom(scope: OpenScope): void {
  const index = openScopes.indexOf(scope);
  if (index < 0) return;
  for (const left of openScopes.splice(index)) left.abandon();
}

/** Marks every scope as left; returns them. */
export function abandonAll(): OpenScope[] {
  const left = openScopes.splice(0);
  for (const scope of left) scope.abandon();
  return left;
}
