import { native } from '../internal/binding';
import { internal } from '../internal/private';
import { Token } from './token';

/** What `token.linked` does. */
export function linkedToken(token: Token): Token | null {
  const id = native.linkedToken(token.sourceId());
  return id === 0 ? null : new Token(internal, id);
}
