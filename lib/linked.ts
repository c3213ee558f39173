import { ImpersonationError } from './error';
import type { Token } from './token';

/** What `token.linked` does. */
export function linkedToken(_token: Token): Token | null {
  throw new ImpersonationError('Not available', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
}
