import type { ContextId, CredentialsId, NativeAcceptance } from '../../types/native-negotiate';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { asProcess } from '../internal/flow-store';
import { onOwnThread } from '../internal/own-thread';
import { internal } from '../internal/private';
import { Token } from '../token/token';
import type { ExchangeContext } from './exchange';

/**
 * Maps a Kerberos principal `user@REALM` to the name of a local account.
 *
 * @param principal - The client's principal, as GSSAPI reports it.
 * @returns The name of the account; null to reject the client.
 * @example
 * const mapUser: MapUser = (principal) => (principal.endsWith('@EXAMPLE.COM') ? principal.split('@')[0]! : null);
 * const server = new NegotiateServer({ mapUser });
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
  /** The file with the server's keys. The operating system's default if undefined. */
  readonly keytab?: string | undefined;
  readonly extendedProtection: keyof typeof protections;
  readonly constrainedDelegation: boolean;
}

/** What a server does with the TLS channel bindings of clients. */
export const protections = { off: 0, allow: 1, require: 2 } as const;

/** The result of one handshake message. The caller of `process()` closes the token. */
export type AcceptResult =
  | { readonly done: false; readonly reply?: Buffer | undefined }
  | { readonly done: true; readonly reply?: Buffer | undefined; readonly token: Token };

/** What differs between SSPI and GSSAPI. */
export interface Acceptance {
  /** Returns what of a client's message the package gets, and how its reply is sent. Throws for others. */
  unwrap(message: Buffer): { readonly message: Buffer; reply(message: Buffer): Buffer };
  /** The token of an authenticated client. It takes, or frees, what the result holds. */
  tokenOf(accepted: NativeAcceptance): Promise<Token>;
}

/** Returns how clients are authenticated by SSPI, which returns a token itself. Throws for options of GSSAPI. */
export function sspiAcceptance(options: AcceptorOptions): Acceptance {
  const given = options.constrainedDelegation ? ['constrainedDelegation'] : [];
  for (const name of ['mapUser', 'keytab'] as const) if (options[name] !== undefined) given.push(name);
  if (given.length > 0) {
    throw new ImpersonationError(
      `options.${given.join(' and options.')} is for Kerberos on Linux. Windows itself maps a client to an account, has ` +
        "the account's keys, and delegates as the directory permits: leave it out",
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
  return {
    unwrap: (message) => ({ message, reply: (own) => own }),
    tokenOf: ({ token }) => Promise.resolve(new Token(internal, token)),
  };
}

/** Frees the credentials of servers that are garbage collected without `close()`. */
const unclosed = new FinalizationRegistry<CredentialsId>((id) => {
  native.freeCredentials(id);
});

function discard({ token, credential }: NativeAcceptance): void {
  if (token !== 0) native.closeToken(token);
  if (credential !== 0) native.freeCredential(credential);
}

/** A client's security context: a CtxtHandle, or a gss_ctx_id_t. */
class NativeContext implements ExchangeContext<AcceptResult> {
  readonly #id: ContextId;
  readonly #acceptance: Acceptance;
  readonly #closing = new AbortController();

  constructor(id: ContextId, acceptance: Acceptance) {
    this.#id = id;
    this.#acceptance = acceptance;
  }

  // Without await: inside a scope the leak detector would take it for an await of the scope's code.
  process(message: Buffer): Promise<AcceptResult> {
    const unwrapped = this.#acceptance.unwrap(message);
    const start = (): Promise<NativeAcceptance> => native.acceptMessage(this.#id, unwrapped.message);
    return onOwnThread(start, this.#closing.signal, discard).then((accepted) => {
      const { done } = accepted;
      const reply = accepted.reply && unwrapped.reply(accepted.reply);
      if (!done) return { done, reply };
      return this.#acceptance.tokenOf(accepted).then((token) => ({ done, reply, token }));
    });
  }

  discard(result: AcceptResult): void {
    if (result.done) result.token.close();
  }

  close(): void {
    this.#closing.abort();
    native.deleteContext(this.#id);
  }
}

/** The credentials of a server, a CredHandle or a keytab, and the contexts that are made of them. */
export class Acceptor {
  readonly #id: CredentialsId;
  readonly #acceptance: Acceptance;

  /** Acquires the credentials as the process (AcquireCredentialsHandleW). */
  constructor(options: AcceptorOptions, acceptance: Acceptance) {
    const { package: name, principal = '', allowAnonymous, keytab = '' } = options;
    const protection = protections[options.extendedProtection];
    this.#acceptance = acceptance;
    this.#id = asProcess(() =>
      native.acquireCredentials(
        name,
        principal,
        allowAnonymous,
        protection,
        keytab,
        options.constrainedDelegation,
      ),
    );
    unclosed.register(this, this.#id, this);
  }

  /** Makes a context for a new client, without a call of the security package. */
  begin(channelBindings: Uint8Array): ExchangeContext<AcceptResult> {
    return new NativeContext(native.newContext(this.#id, channelBindings), this.#acceptance);
  }

  /** Frees the credentials. The caller has closed all contexts. A second call does nothing. */
  close(): void {
    unclosed.unregister(this);
    native.freeCredentials(this.#id);
  }
}
