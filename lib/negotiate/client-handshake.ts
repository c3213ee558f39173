import type { InitiatorContextId, InitiatorId } from '../../types/native-negotiate';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { onOwnThread } from '../internal/own-thread';
import { illegalConstructor, internal } from '../internal/private';
import type { TokenRef } from '../internal/token-ref';
import { wrongType } from '../internal/validate';
import { Tickets } from '../token/kerberos-tickets';
import type { Token } from '../token/token';
import type { NegotiateClientOptions } from './client';
import { Exchange, type ExchangeContext } from './exchange';
import type { ClientHandshakeLike, ClientHandshakeStep } from './initiator';
import type { HandshakeLimits } from './limits';
import { unwrap, wrapFirst, wrapNext } from './spnego';

/** What a handshake asks for, validated. */
export interface HandshakeRequest {
  readonly target: string;
  readonly delegate: boolean;
  readonly channelBindings: Buffer;
  readonly token: Token;
}

type NativeStep = Awaited<ReturnType<typeof native.initiateMessage>>;

function unproven(): ImpersonationError {
  return new ImpersonationError(
    'The server has ended the handshake without proving its identity',
    'ERR_SERVER_UNPROVEN',
  );
}

function wantsMore(): ImpersonationError {
  return new ImpersonationError(
    'The server does not authenticate the client: it wants more messages than Kerberos has',
    'ERR_HANDSHAKE_REFUSED',
  );
}

/** Implements `client.tickets()`. */
export function ticketsFor(
  initiator: InitiatorId,
  options: NegotiateClientOptions,
  token: Token,
  targets: readonly string[],
): Promise<Tickets> {
  const ref = token.ref();
  return principalOf(token, options)
    .then((user) => onOwnThread(() => native.serviceTickets(initiator, ref.id, user, targets)))
    .then((id) => new Tickets(internal, id))
    .finally(() => {
      ref.release();
    });
}

/** The user's principal for protocol transition; '' if there is none. */
function principalOf(token: Token, { transition }: NegotiateClientOptions): Promise<string> {
  if (!transition || token.delegation !== 'transition') return Promise.resolve('');
  return new Promise<string | null>((resolve) => {
    resolve(transition(token));
  }).then((principal) => {
    if (principal === null) return '';
    if (typeof principal !== 'string')
      throw wrongType('options.transition()', 'of type string or null', principal);
    return principal;
  });
}

/** A CtxtHandle, or a gss_ctx_id_t, which is made by the first message. */
class InitiatorContext implements ExchangeContext<ClientHandshakeStep> {
  readonly #initiator: InitiatorId;
  readonly #options: NegotiateClientOptions;
  readonly #request: HandshakeRequest;
  readonly #ref: TokenRef;
  readonly #closing = new AbortController();
  /** GSSAPI leaves SPNEGO to this class, and SSPI does not. */
  readonly #wraps: boolean;
  #id: InitiatorContextId | undefined;

  constructor(initiator: InitiatorId, options: NegotiateClientOptions, request: HandshakeRequest) {
    this.#initiator = initiator;
    this.#options = options;
    this.#request = request;
    this.#ref = request.token.ref();
    this.#wraps = native.port === 'linux' && options.package !== 'Kerberos';
  }

  process(message: Buffer): Promise<ClientHandshakeStep> {
    const id = this.#id;
    if (id !== undefined) return this.#next(id, message);
    return principalOf(this.#request.token, this.#options)
      .then((user) => this.#step(this.#open(user), message))
      .then((step) => this.#wrapped(step, wrapFirst));
  }

  close(): void {
    this.#closing.abort();
    if (this.#id !== undefined) native.deleteInitiatorContext(this.#id);
    this.#ref.release();
  }

  #open(user: string): InitiatorContextId {
    this.#closing.signal.throwIfAborted();
    const { target, delegate, channelBindings } = this.#request;
    this.#id = native.newInitiatorContext(
      this.#initiator,
      this.#ref.id,
      target,
      delegate,
      channelBindings,
      user,
    );
    return this.#id;
  }

  #step(id: InitiatorContextId, message: Buffer): Promise<NativeStep> {
    return onOwnThread(() => native.initiateMessage(id, message), this.#closing.signal);
  }

  #next(id: InitiatorContextId, message: Buffer): Promise<ClientHandshakeStep> {
    if (!this.#wraps) return this.#step(id, message);
    const reply = unwrap(message);
    if (!reply.message) throw unproven();
    return this.#step(id, reply.message).then((step) => {
      if (reply.completed && !step.done) throw unproven();
      if (!reply.completed && step.done) throw wantsMore();
      return this.#wrapped(step, wrapNext);
    });
  }

  #wrapped({ message, done }: NativeStep, wrap: (message: Buffer) => Buffer): ClientHandshakeStep {
    return { ...(message && { message: this.#wraps ? wrap(message) : message }), done };
  }
}

/**
 * A handshake of a `NegotiateClient`: the authentication to one server over one connection. `client.handshake()` makes it.
 * It closes itself when the server has proved its identity, when a step fails and when the client's `timeout` has passed.
 *
 * @example
 * const client = new NegotiateClient();
 * using handshake = client.handshake({ target: 'HTTP/reports.example.com' });
 * const { message } = await handshake.step();
 */
export class ClientHandshake implements ClientHandshakeLike {
  readonly #exchange: Exchange<ClientHandshakeStep>;
  #begun = false;

  /** @internal */
  constructor(
    key: symbol,
    initiator: InitiatorId,
    options: NegotiateClientOptions,
    limits: HandshakeLimits,
    request: HandshakeRequest,
    onEnd: (handshake: ClientHandshake) => void,
  ) {
    if (key !== internal) throw illegalConstructor('ClientHandshake');
    const context = new InitiatorContext(initiator, options, request);
    this.#exchange = new Exchange(context, limits, () => {
      onEnd(this);
    });
  }

  /** Whether the handshake is over: the server has proved its identity, a step has failed, or it was closed. */
  get closed(): boolean {
    return this.#exchange.ended;
  }

  /**
   * Processes the server's next message on a thread of its own (InitializeSecurityContextW under the token;
   * gss_init_sec_context with the token's credential). One step at a time.
   *
   * @param challenge - The server's message, 1 to `maxMessageSize` bytes, which is copied before the method returns. The
   * first call has none.
   * @returns The message to send, and whether the server has proved its identity.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with `ERR_NOT_DELEGATED`, `ERR_SERVER_UNPROVEN`, `ERR_NTLM_REFUSED`,
   * `ERR_HANDSHAKE_REFUSED`, `ERR_HANDSHAKE_BUSY`, `ERR_HANDSHAKE_CLOSED`, `ERR_HANDSHAKE_TIMEOUT`,
   * `ERR_HANDSHAKE_TOO_LARGE` or `ERR_HANDSHAKE_TOO_LONG`; with the name of the status of SSPI or Kerberos, such as
   * `SEC_E_TARGET_UNKNOWN` or `KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN`; or with the error of `transition`. Every rejection closes
   * the handshake.
   * @example
   * using handshake = new NegotiateClient().handshake({ target: 'HTTP/reports.example.com' });
   * const { message } = await handshake.step();
   * const { done } = await handshake.step(await exchange(message));
   */
  step(challenge?: Uint8Array): Promise<ClientHandshakeStep> {
    const begins = !this.#begun && challenge === undefined;
    this.#begun = true;
    return begins ? this.#exchange.begin() : this.#exchange.step(challenge, 'challenge');
  }

  /**
   * Closes the handshake, releases the system's context (DeleteSecurityContext, gss_delete_sec_context) and rejects a
   * pending `step()` with `ERR_HANDSHAKE_CLOSED`. A second call does nothing.
   *
   * @example
   * const handshake = new NegotiateClient().handshake({ target: 'HTTP/reports.example.com' });
   * socket.once('close', () => handshake.close());
   */
  close(): void {
    this.#exchange.end();
  }

  /** Calls `close()`, for `using handshake = ...`. */
  [Symbol.dispose](): void {
    this.#exchange.end();
  }
}
