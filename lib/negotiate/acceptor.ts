import type { Token } from '../token/token';

/**
 * Maps a Kerberos principal `user@REALM` to the name of a local account.
 *
 * @param principal - The client's principal, as GSSAPI reports it.
 * @returns The name of the account; null to reject the client.
 */
export type MapUser = (principal: string) => string | null | Promise<string | null>;

/** Which credentials a server authenticates its clients with, and which clients it accepts. */
export interface AcceptorOptions {
  readonly package: 'Negotiate' | 'NTLM' | 'Kerberos';
  /** The server's account or service name. The operating system's default if undefined. */
  readonly principal?: string | undefined;
  /** Whether unauthenticated clients are accepted. */
  readonly allowAnonymous: boolean;
  /** Replaces the default mapping of principals to accounts. */
  readonly mapUser?: MapUser | undefined;
}

/** The result of one handshake message. The caller of `accept()` closes the token. */
export type AcceptResult =
  | { readonly done: false; readonly reply?: Buffer | undefined }
  | { readonly done: true; readonly reply?: Buffer | undefined; readonly token: Token };

/** The security context of one client. */
export interface AcceptorContext {
  /**
   * Processes the client's next message. The message is not empty and not modified by others. One call is pending at a
   * time, and none follows after a rejection or the last message.
   */
  accept(message: Buffer): Promise<AcceptResult>;
  /**
   * Releases the system's context. If a call is pending, its result is discarded, unless it reaches the caller, who
   * then closes the token. A second call does nothing.
   */
  close(): void;
}

/** The operating system's part of a NegotiateServer: SSPI on Windows, GSSAPI on Linux. */
export interface Acceptor {
  /** Makes a context for a new client, without a call of the security package. */
  begin(): AcceptorContext;
  /** Frees the credentials. The caller has closed all contexts. A second call does nothing. */
  close(): void;
}
