/**
 * What a client asks for in one handshake.
 *
 * @example
 * const options: ClientHandshakeOptions = { target: 'HTTP/reports.example.com', delegate: true };
 * using handshake = new NegotiateClient().handshake(options);
 */
export interface ClientHandshakeOptions {
  /** The service principal name of the server: `HTTP/host.example.com`. */
  target: string;
  /**
   * Whether the user's ticket-granting ticket is forwarded, so that the server can act as the user everywhere
   * (unconstrained delegation). False by default.
   */
  delegate?: boolean;
  /**
   * The application data of the TLS channel's bindings: `tls-server-end-point:` and the hash of the server's
   * certificate.
   */
  channelBindings?: Uint8Array;
}

/**
 * The result of one step of a client.
 *
 * @example
 * using handshake = new NegotiateClient().handshake({ target: 'HTTP/reports.example.com' });
 * const { message, done }: ClientHandshakeStep = await handshake.step();
 * console.log(done); // Prints: false
 */
export interface ClientHandshakeStep {
  /** The message to send to the server. Absent if there is none. */
  readonly message?: Buffer;
  /** Whether the server has proved its identity. The handshake is then complete. */
  readonly done: boolean;
}

/**
 * The client's side of one connection's handshake.
 *
 * @example
 * const handshake: ClientHandshakeLike = {
 *   step: async () => ({ message: Buffer.from('key'), done: true }),
 *   close() {},
 * };
 */
export interface ClientHandshakeLike {
  /**
   * Processes the server's next message. If authentication fails, the promise rejects and the handshake is closed.
   *
   * @param challenge - The server's message, without its encoding in the protocol. The first call has none.
   * @returns The message to send, and whether the handshake is complete.
   */
  step(challenge?: Uint8Array): Promise<ClientHandshakeStep>;
  /** Releases what the handshake holds, and rejects a pending `step()`. A second call does nothing. */
  close(): void;
}

/**
 * The client's side of an authentication scheme: a `NegotiateClient`, or your own implementation.
 *
 * @example
 * const fixed: ClientNegotiator = {
 *   scheme: 'Example',
 *   handshake: () => ({ step: async () => ({ message: Buffer.from('key'), done: true }), close() {} }),
 * };
 */
export interface ClientNegotiator {
  /** The name of the scheme in the HTTP headers WWW-Authenticate and Authorization. */
  readonly scheme: string;
  /**
   * Begins the authentication at a server as the effective identity.
   *
   * @param options - The server, and what it may do.
   * @returns A handshake for one connection.
   */
  handshake(options: ClientHandshakeOptions): ClientHandshakeLike;
}
