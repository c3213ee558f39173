import type { Token } from '../token/token';

/** What one leg of a handshake brings. */
export interface HandshakeStep {
  /** What the client is to get: a challenge, or the server's own proof; absent if nothing is to be sent. */
  readonly reply?: Buffer;
  /** Who the client is, once that is proven: the handshake is over. The caller's to close. */
  readonly token?: Token;
}

/** One client's way to prove who it is, over one connection. */
export interface Handshake {
  /**
   * Takes the client's next leg. Rejects when the proof fails, and for whatever else is wrong; the handshake is closed
   * then.
   */
  step(leg: Uint8Array): Promise<HandshakeStep>;
  /** Lets go of everything the handshake holds. Does nothing the second time; a leg under way is rejected. */
  close(): void;
}

/** Whatever finds out who clients are, leg by leg: a NegotiateServer. */
export interface Negotiator {
  /** What HTTP calls it in WWW-Authenticate. */
  readonly scheme: string;
  /** Begins with a new client. */
  handshake(): Handshake;
}
