// What the native addon gives to lib/: see native.d.ts.

import type { TokenId } from './native';

/** The credentials of a server. The environment owns them and frees them at its end at the latest. */
export type CredentialsId = number;

/** The security context of one client. The environment owns it and deletes it at its end at the latest. */
export type ContextId = number;

export interface NativeNegotiate {
  /**
   * Acquires credentials as the process, whatever the thread impersonates. An empty principal is the process's account.
   */
  acquireCredentials(name: string, principal: string, allowAnonymous: boolean): CredentialsId;
  /** Frees the credentials; contexts made of them continue. A second call does nothing. */
  freeCredentials(id: CredentialsId): void;
  newContext(credentials: CredentialsId): ContextId;
  /**
   * Processes a handshake message on a thread of its own, one at a time. Token 0: the client has to send another one.
   */
  acceptMessage(id: ContextId, message: Uint8Array): Promise<{ token: TokenId; reply?: Buffer }>;
  /** Deletes the context, once a pending message is processed. A second call does nothing. */
  deleteContext(id: ContextId): void;
}
