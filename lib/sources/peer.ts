import type { Socket } from 'node:net';
import { ImpersonationError } from '../error';
import type { Token } from '../token';

/** What `Token.fromPeer` does. */
export function peerToken(_socket: Socket): Token {
  throw new ImpersonationError('Not available', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
}
