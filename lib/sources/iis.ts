import type { IncomingMessage } from 'node:http';
import { ImpersonationError } from '../error';
import type { Token } from '../token';

/** How the local IIS is known. */
export interface IisOptions {
  /** What the request's MS-ASPNETCORE-TOKEN must be; the environment's ASPNETCORE_TOKEN by default. */
  pairingToken?: string;
}

/** What `Token.fromIisRequest` does. */
export function iisToken(_request: IncomingMessage, _options: IisOptions): Token {
  throw new ImpersonationError('Not available', 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
}
