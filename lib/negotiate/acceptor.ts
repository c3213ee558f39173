import type { Token } from '../token/token';

/** Which account a principal `user@REALM` is; null for one that is none. */
export type MapUser = (principal: string) => string | null | Promise<string | null>;

/** Who a server takes clients' proofs as, and of what kind. */
export interface AcceptorOptions {
  readonly package: 'Negotiate' | 'NTLM' | 'Kerberos';
  /** The account or service that the server is for its clients. The system's choice if absent. */
  readonly principal?: string | undefined;
  /** Whether clients who prove nothing are let in, as nobody. */
  readonly allowAnonymous: boolean;
  /** In the place of the system's own rule. */
  readonly mapUser?: MapUser | undefined;
}

/** What the system makes of a leg. Only whom it has proven is in it; the token is whoever asked's to close. */
export type Accepted =
  | { readonly done: false; readonly reply?: Buffer | undefined }
  | { readonly done: true; readonly reply?: Buffer | undefined; readonly token: Token };

/** One client's proof, as far as the system has got with it. */
export interface AcceptorContext {
  /**
   * Asks the system about the next leg, which is not empty, nobody else's to change, and never given while the one
   * before it is under way. Not called again after it has rejected or is done.
   */
  accept(leg: Buffer): Promise<Accepted>;
  /**
   * Lets go of whatever the system keeps, at any time: what comes of a leg under way is released, unless it reaches the
   * caller, who closes the token then. Does nothing the second time.
   */
  close(): void;
}

/** The system's side of a NegotiateServer: SSPI on Windows, GSSAPI on Linux. */
export interface Acceptor {
  /** Asks the system nothing yet. */
  begin(): AcceptorContext;
  /** Contexts are closed before; does nothing the second time. */
  close(): void;
}
