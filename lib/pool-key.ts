import type { Token } from './token';

/** What `token.poolKey` answers. */
export function poolKeyOf(token: Token): string {
  return `${token.user.id};${token.logonId ?? ''}`;
}
