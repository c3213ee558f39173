import { ImpersonationError } from '../error';
import type { Acceptor, AcceptorOptions } from './acceptor';

/** Asks GSSAPI. */
export function gssapiAcceptor(_options: AcceptorOptions): Acceptor {
  throw new ImpersonationError(
    'Integrated Authentication is not available on this platform',
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}
