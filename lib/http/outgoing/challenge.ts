import type { IncomingMessage } from 'node:http';

/** A quoted string, which ends with the header if it is not closed: nothing in it is a challenge. */
const quoted = /"(?:[^"\\]|\\.)*(?:"|\\?$)/g;

/**
 * Returns the server's handshake message in WWW-Authenticate: empty if the server asks to begin; undefined if it does not
 * offer the scheme, or names it several times.
 */
export function readChallenge({ headersDistinct }: IncomingMessage, scheme: string): Buffer | undefined {
  const values = headersDistinct['www-authenticate'] ?? [];
  const challenges = values
    .flatMap((value) => value.replace(quoted, '""').split(','))
    .map((one) => one.trim());
  const found = challenges.flatMap((challenge) => {
    const [, name = '', data = ''] = /^([^\s=]+)(?: +([A-Za-z0-9+/]+=*))?$/.exec(challenge) ?? [];
    return name.toLowerCase() === scheme.toLowerCase() ? [data] : [];
  });
  return found.length === 1 ? Buffer.from(found[0] ?? '', 'base64') : undefined;
}

/** Returns the value of the header Authorization. */
export const toAuthorization = (scheme: string, message: Buffer): string =>
  `${scheme} ${message.toString('base64')}`;
