// What the native addon gives to lib/: see native.d.ts.

import type { TokenId } from './native';

/** The credentials of a server. The environment owns them and frees them at its end at the latest. */
export type CredentialsId = number;

/** The security context of one client. The environment owns it and deletes it at its end at the latest. */
export type ContextId = number;

/** A credential that came with a handshake. The environment owns it until a token takes it. */
export type DelegatedId = number;

/** How a service authenticates to others. The environment owns it and frees it at its end at the latest. */
export type InitiatorId = number;

/** The client's side of a handshake. The environment owns it and deletes it at its end at the latest. */
export type InitiatorContextId = number;

/** Tickets in the memory of the process. The environment owns them and destroys them at its end at the latest. */
export type TicketsId = number;

/** A file with tickets. The environment removes it at its end at the latest. */
export type TicketFileId = number;

/** The outcome of one message of a client. */
export interface NativeAcceptance {
  readonly done: boolean;
  readonly reply?: Buffer;
  /** SSPI: 0 until `done`. */
  readonly token: TokenId;
  /** GSSAPI: the principals of the client and of the server's key; '' until `done`. */
  readonly client: string;
  readonly server: string;
  /** GSSAPI: 0 if there is none. */
  readonly credential: DelegatedId;
}

export interface NativeNegotiate {
  /**
   * Acquires credentials as the process, whatever the thread impersonates. An empty principal is the process's account;
   * an empty keytab, the default one. Protection: 0 off, 1 allow, 2 require.
   */
  acquireCredentials(
    name: string,
    principal: string,
    allowAnonymous: boolean,
    protection: 0 | 1 | 2,
    keytab: string,
    constrainedDelegation: boolean,
  ): CredentialsId;
  /** Frees the credentials; contexts made of them continue. A second call does nothing. */
  freeCredentials(id: CredentialsId): void;
  newContext(credentials: CredentialsId, channelBindings: Uint8Array): ContextId;
  /** Processes a handshake message on a thread of its own, one at a time. */
  acceptMessage(id: ContextId, message: Uint8Array): Promise<NativeAcceptance>;
  /** Deletes the context, once a pending message is processed. A second call does nothing. */
  deleteContext(id: ContextId): void;
  /** Makes a token with the same identity and the credential, whose id ends. */
  withCredential(token: TokenId, credential: DelegatedId): TokenId;
  /** Destroys a credential that no token has taken. A second call does nothing. */
  freeCredential(id: DelegatedId): void;
  /** 0 none, 1 forwarded, 2 constrained, 3 transition. */
  tokenDelegation(id: TokenId): 0 | 1 | 2 | 3;
  /** Empty texts stand for none. */
  newInitiator(name: string, allowNtlm: boolean, keytab: string, principal: string): InitiatorId;
  /** Frees the initiator; contexts made of it continue. A second call does nothing. */
  freeInitiator(id: InitiatorId): void;
  /** `user` is the user's principal for protocol transition; empty for none. */
  newInitiatorContext(
    initiator: InitiatorId,
    token: TokenId,
    target: string,
    delegate: boolean,
    channelBindings: Uint8Array,
    user: string,
  ): InitiatorContextId;
  /** Processes a message of the server, or begins with an empty one, on a thread of its own, one at a time. */
  initiateMessage(id: InitiatorContextId, message: Uint8Array): Promise<{ done: boolean; message?: Buffer }>;
  /** Deletes the context, once a pending message is processed. A second call does nothing. */
  deleteInitiatorContext(id: InitiatorContextId): void;
  /** Gets tickets for the services as the token's user, on a thread of its own. Linux. */
  serviceTickets(
    initiator: InitiatorId,
    token: TokenId,
    user: string,
    targets: readonly string[],
  ): Promise<TicketsId>;
  /** Destroys tickets; files of them stay. A second call does nothing. */
  freeTickets(id: TicketsId): void;
  /** Writes a file as the token's user; 0 stands for the tickets that the user has forwarded. Linux. */
  writeTickets(token: TokenId, tickets: TicketsId): { readonly id: TicketFileId; readonly name: string };
  /** Removes the file as its user. A second call does nothing. */
  removeTickets(id: TicketFileId): void;
}
