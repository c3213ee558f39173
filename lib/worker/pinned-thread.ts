import { native } from '../internal/binding';
import { setThreadFlow } from '../internal/flow-store';
import { internal } from '../internal/private';
import { Token } from '../token/token';

/** Switches the thread to the user of a ticket until its end. Throws what `Token.claim()` throws, or the system's error. */
export function pinThread(ticket: string): void {
  const token = Token.claim(ticket);
  const tokenRef = token.ref();
  native.pinThread(tokenRef.id);
  setThreadFlow(token, tokenRef);
}

/**
 * Makes the user of a thread that is pinned already the identity of its flow. A package that is loaded a second time on
 * a thread has its own flows, as in a worker of a bundled program: without this, they would have the process identity.
 */
export function adoptPinnedThread(): void {
  const id = native.pinnedToken();
  if (id === 0) return;
  const token = new Token(internal, id, true);
  setThreadFlow(token, token.ref());
}
