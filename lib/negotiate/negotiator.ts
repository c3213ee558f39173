import type { Token } from '../token/token';

/**
 * The result of one handshake message.
 *
 * @example
 * const { reply, token: user }: HandshakeStep = await new NegotiateServer().handshake().step(message);
 * console.log(user ? 'authenticated' : `a challenge of ${reply?.length} bytes follows`); // Prints: authenticated
 */
export interface HandshakeStep {
  /** The message to send to the client: a challenge, or the server's own authentication. Absent if there is none. */
  readonly reply?: Buffer;
  /**
   * The client's token, once the client is authenticated. The handshake is then complete; the caller closes the token.
   */
  readonly token?: Token;
}

/**
 * The authentication of one client over one connection.
 *
 * @example
 * const handshake: Handshake = {
 *   step: async (message) => ({ token: await Token.forUser(Buffer.from(message).toString()) }),
 *   close() {},
 * };
 */
export interface Handshake {
  /**
   * Processes the next message of the client. If authentication fails, or the message is invalid, the promise rejects
   * and the handshake is closed.
   *
   * @param message - The client's message as received, without its encoding in the protocol, such as base64.
   * @returns The reply to send and, after the last message, the client's token.
   */
  step(message: Uint8Array): Promise<HandshakeStep>;
  /** Releases what the handshake holds, and rejects a pending `step()`. A second call does nothing. */
  close(): void;
}

/**
 * What a server knows about a client's connection.
 *
 * @example
 * import { X509Certificate } from 'node:crypto';
 * const { raw } = new X509Certificate(fs.readFileSync('/srv/tls/server.pem'));
 * const channelBindings = tlsServerEndPoint(raw);
 * const options: ConnectionOptions = channelBindings ? { channelBindings } : {};
 * const handshake = new NegotiateServer().handshake(options);
 */
export interface ConnectionOptions {
  /**
   * The application data of the TLS channel's bindings: `tls-server-end-point:` and the hash of the server's certificate.
   * Absent for a connection without TLS.
   */
  channelBindings?: Uint8Array;
}

/**
 * An authentication scheme of a server that works message by message: a `NegotiateServer`, or your own implementation.
 *
 * @example
 * const negotiator: Negotiator = {
 *   scheme: 'Example',
 *   handshake: () => ({ step: async () => ({ token: await Token.forUser('alice') }), close() {} }),
 * };
 */
export interface Negotiator {
  /** The name of the scheme in the HTTP headers WWW-Authenticate and Authorization. */
  readonly scheme: string;
  /**
   * Begins the authentication of a client.
   *
   * @param options - What is known about the connection.
   * @returns A handshake for one connection.
   */
  handshake(options?: ConnectionOptions): Handshake;
}
