import { createHash } from 'node:crypto';
import { native } from '../internal/binding';
import type { Token } from './token';

/** A token never changes, and the kernel has a dozen questions to answer for its key. */
const keys = new WeakMap<Token, string>();

/** What `token.poolKey` answers. */
export function poolKeyOf(token: Token): string {
  const id = token.openId();
  const known = keys.get(token);
  if (known !== undefined) return known;
  const rest = createHash('sha256').update(native.fingerprint(id)).digest('base64url');
  const key = `${token.user.id};${token.logonId ?? ''};${rest}`;
  keys.set(token, key);
  return key;
}
