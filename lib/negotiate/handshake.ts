import { runInFlow } from '../internal/flow-store';
import { ImpersonationError } from '../internal/error';
import { illegalConstructor, internal } from '../internal/private';
import { wrongType, wrongValue } from '../internal/validate';
import type { AcceptResult, AcceptorContext } from './acceptor';
import type { Handshake, HandshakeStep } from './negotiator';

/** The limits of one handshake: bytes of a message, number of messages, and milliseconds in total. */
export interface HandshakeLimits {
  readonly maxMessageSize: number;
  readonly maxMessages: number;
  readonly timeout: number;
}

const errorMessages = {
  ERR_HANDSHAKE_BUSY:
    'The previous message of the handshake is still being processed. The handshake is closed: wait for each step() before the next one',
  ERR_HANDSHAKE_CLOSED: 'The handshake is closed. Begin a new one with NegotiateServer.handshake()',
  ERR_HANDSHAKE_TIMEOUT: 'The client did not authenticate within options.timeout. The handshake is closed',
  ERR_HANDSHAKE_TOO_LARGE:
    'The handshake message is larger than options.maxMessageSize. The handshake is closed',
  ERR_HANDSHAKE_TOO_LONG:
    'The client has sent more handshake messages than options.maxMessages. The handshake is closed',
};
type Code = keyof typeof errorMessages;

const errorOf = (code: Code): ImpersonationError => new ImpersonationError(errorMessages[code], code);

/**
 * A handshake of a `NegotiateServer`: the authentication of one client over one connection. `server.handshake()` makes
 * it. It closes itself when the client is authenticated, when a step fails and when the server's `timeout` has passed.
 *
 * @example
 * using handshake = server.handshake();
 * const { reply, token } = await handshake.step(message);
 */
export class ServerHandshake implements Handshake {
  readonly #limits: HandshakeLimits;
  readonly #onEnd: (handshake: ServerHandshake) => void;
  readonly #timer: NodeJS.Timeout;
  /** Undefined once the handshake is closed. */
  #context: AcceptorContext | undefined;
  /** Rejects the pending step; undefined if there is none. */
  #rejectPending: ((error: Error) => void) | undefined;
  #messageCount = 0;
  #closeReason: Code = 'ERR_HANDSHAKE_CLOSED';

  /** @internal */
  constructor(
    key: symbol,
    context: AcceptorContext,
    limits: HandshakeLimits,
    onEnd: (handshake: ServerHandshake) => void,
  ) {
    if (key !== internal) throw illegalConstructor('Handshake');
    this.#context = context;
    this.#limits = limits;
    this.#onEnd = onEnd;
    const expire = (): void => this.#end('ERR_HANDSHAKE_TIMEOUT');
    // Outside of every flow: the timer must not keep the flow's token open.
    this.#timer = runInFlow(null, () => setTimeout(expire, limits.timeout).unref());
  }

  /** Whether the handshake is over: the client is authenticated, a step has failed, or it was closed. */
  get closed(): boolean {
    return this.#context === undefined;
  }

  /**
   * Processes the client's next message on a thread of its own, as the process (AcceptSecurityContext; on Linux
   * gss_accept_sec_context on libuv's pool). One step at a time.
   *
   * @param message - The client's message, 1 to `maxMessageSize` bytes. It is copied before the method returns.
   * @returns The reply to send, also with the last message, and the client's token once the client is authenticated.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with `ERR_HANDSHAKE_BUSY`, `ERR_HANDSHAKE_CLOSED`, `ERR_HANDSHAKE_TIMEOUT`,
   * `ERR_HANDSHAKE_TOO_LARGE`, `ERR_HANDSHAKE_TOO_LONG` or `ERR_HANDSHAKE_ANONYMOUS`; on Windows with the system's
   * error, such as `SEC_E_LOGON_DENIED` or `SEC_E_INVALID_TOKEN`; on Linux with `ERR_HANDSHAKE_REFUSED`,
   * `ERR_UNMAPPED_PRINCIPAL`, the error of `mapUser` or one of `Token.forUser`, such as `ERR_UNKNOWN_USER`. Every
   * rejection closes the handshake.
   * @example
   * const { reply, token } = await handshake.step(Buffer.from(base64, 'base64'));
   */
  step(message: Uint8Array): Promise<HandshakeStep> {
    return new Promise((resolve, reject) => {
      const context = this.#context;
      if (!context) throw errorOf(this.#closeReason);
      const error = this.#errorOf(message);
      if (error) {
        this.#end();
        throw error;
      }
      this.#messageCount += 1;
      this.#rejectPending = reject;
      // A copy, since the caller may reuse the memory for its next read.
      this.#accept(context, Buffer.from(message)).then(resolve, reject);
    });
  }

  /**
   * Closes the handshake, releases the system's context (DeleteSecurityContext) and rejects a pending `step()` with
   * `ERR_HANDSHAKE_CLOSED`; a token that it still yields is closed. A second call does nothing.
   *
   * @example
   * socket.once('close', () => handshake.close());
   */
  close(): void {
    this.#end();
  }

  /** Calls `close()`, for `using handshake = ...`. */
  [Symbol.dispose](): void {
    this.#end();
  }

  /** The error of a message that is rejected without a call of the system. */
  #errorOf(message: unknown): Error | undefined {
    if (this.#rejectPending) return errorOf('ERR_HANDSHAKE_BUSY');
    if (!(message instanceof Uint8Array)) return wrongType('message', 'an instance of Uint8Array', message);
    if (message.length === 0) return wrongValue('message', 'must not be empty');
    if (message.length > this.#limits.maxMessageSize) return errorOf('ERR_HANDSHAKE_TOO_LARGE');
    return this.#messageCount >= this.#limits.maxMessages ? errorOf('ERR_HANDSHAKE_TOO_LONG') : undefined;
  }

  #accept(context: AcceptorContext, message: Buffer): Promise<HandshakeStep> {
    return context.accept(message).then(
      (result) => this.#toStep(context, result),
      (error: unknown) => {
        if (this.#context === context) this.#rejectPending = undefined;
        this.#end();
        throw error;
      },
    );
  }

  #toStep(context: AcceptorContext, result: AcceptResult): HandshakeStep {
    const { done, reply } = result;
    if (this.#context !== context) {
      // The handshake was closed meanwhile, and the step has been rejected.
      if (done) result.token.close();
      throw errorOf(this.#closeReason);
    }
    this.#rejectPending = undefined;
    if (done) this.#end();
    return { ...(reply && { reply }), ...(done && { token: result.token }) };
  }

  #end(reason: Code = 'ERR_HANDSHAKE_CLOSED'): void {
    const [context, rejectPending] = [this.#context, this.#rejectPending];
    if (!context) return;
    this.#context = undefined;
    this.#rejectPending = undefined;
    this.#closeReason = reason;
    clearTimeout(this.#timer);
    this.#onEnd(this);
    context.close();
    rejectPending?.(errorOf(reason));
  }
}
