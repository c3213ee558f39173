import { isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { ImpersonationError } from '../internal/error';
import { protocolError } from './exchange';

/** How a connection is encrypted: options of tls.connect(), and whether TLS begins without an SSLRequest. */
export interface Encryption {
  readonly options: ConnectionOptions;
  readonly isDirect: boolean;
}

/** SSLRequest: its length and its code. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Returns whether the bytes are an SSLRequest. */
export const isSslRequest = (bytes: Buffer): boolean => bytes.equals(sslRequest);

/** Begins TLS on a socket whose server expects it. Emits `secureConnect` once the certificate is verified. */
function startTls(socket: Socket, host: string, { options, isDirect }: Encryption): TLSSocket {
  return connect({
    ...(isIP(host) === 0 && { servername: host }),
    ...(isDirect && { ALPNProtocols: ['postgresql'] }),
    ...options,
    host,
    socket,
  });
}

/**
 * Encrypts a connection to a PostgreSQL server before its first message. Calls `secured` with the encrypted socket, or
 * `failed`, of which each may be called later than the other; the socket reports errors of the connection itself.
 */
export function encrypt(
  socket: Socket,
  host: string,
  encryption: Encryption,
  started: (secure: TLSSocket) => void,
  failed: (error: Error) => void,
): void {
  if (encryption.isDirect) {
    started(startTls(socket, host, encryption));
    return;
  }
  socket.write(sslRequest);
  socket.once('data', (reply: Buffer) => {
    socket.pause();
    // What follows the first byte would be taken for data of the encrypted connection.
    if (reply.length > 1) {
      failed(protocolError('unencrypted bytes after its reply to SSLRequest'));
    } else if (reply[0] !== 0x53) {
      failed(
        new ImpersonationError(
          'The PostgreSQL server does not support TLS: set ssl = on in postgresql.conf, or connect without it',
          'ERR_POSTGRES_TLS_REFUSED',
        ),
      );
    } else started(startTls(socket, host, encryption));
  });
}
