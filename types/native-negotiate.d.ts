// What the native addon gives to lib/: see native.d.ts.

import type { TokenId } from './native';

/** What a server takes clients' proofs with: the environment's, freed with it at the latest. */
export type CredentialsId = number;

/** One client's handshake: the environment's, deleted with it at the latest. */
export type ContextId = number;

export interface NativeNegotiate {
  /** Asked as the process, whatever the thread impersonates; an empty principal is the process's own account. */
  acquireCredentials(name: string, principal: string, allowAnonymous: boolean): CredentialsId;
  /** Does nothing for credentials that are freed. Contexts made of them go on. */
  freeCredentials(id: CredentialsId): void;
  newContext(credentials: CredentialsId): ContextId;
  /** On a thread of its own, one leg at a time. Token 0: the handshake goes on; otherwise it is over. */
  acceptLeg(id: ContextId, leg: Uint8Array): Promise<{ token: TokenId; reply?: Buffer }>;
  /** Does nothing for one that is deleted. A leg under way keeps it until it is over. */
  deleteContext(id: ContextId): void;
}
