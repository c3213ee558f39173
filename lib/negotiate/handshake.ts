import { illegalConstructor, internal } from '../internal/private';
import type { AcceptResult } from './acceptor';
import { Exchange, type ExchangeContext } from './exchange';
import type { HandshakeLimits } from './limits';
import type { Handshake, HandshakeStep } from './negotiator';

/**
 * A handshake of a `NegotiateServer`: the authentication of one client over one connection. `server.handshake()` makes
 * it. It closes itself when the client is authenticated, when a step fails and when the server's `timeout` has passed.
 *
 * @example
 * const server = new NegotiateServer();
 * using handshake = server.handshake();
 * const { reply, token: user } = await handshake.step(message);
 */
export class ServerHandshake implements Handshake {
  readonly #exchange: Exchange<AcceptResult>;

  /** @internal */
  constructor(
    key: symbol,
    context: ExchangeContext<AcceptResult>,
    limits: HandshakeLimits,
    onEnd: (handshake: ServerHandshake) => void,
  ) {
    if (key !== internal) throw illegalConstructor('Handshake');
    this.#exchange = new Exchange(context, limits, () => {
      onEnd(this);
    });
  }

  /** Whether the handshake is over: the client is authenticated, a step has failed, or it was closed. */
  get closed(): boolean {
    return this.#exchange.ended;
  }

  /**
   * Processes the client's next message on a thread of its own, as the process (AcceptSecurityContext; on Linux
   * gss_accept_sec_context). One step at a time.
   *
   * @param message - The client's message, 1 to `maxMessageSize` bytes. It is copied before the method returns.
   * @returns The reply to send, also with the last message, and the client's token once the client is authenticated.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with `ERR_HANDSHAKE_BUSY`, `ERR_HANDSHAKE_CLOSED`, `ERR_HANDSHAKE_TIMEOUT`,
   * `ERR_HANDSHAKE_TOO_LARGE`, `ERR_HANDSHAKE_TOO_LONG` or `ERR_HANDSHAKE_ANONYMOUS`; on Windows with the system's
   * error, such as `SEC_E_LOGON_DENIED`, `SEC_E_INVALID_TOKEN` or `SEC_E_BAD_BINDINGS`; on Linux with
   * `ERR_HANDSHAKE_REFUSED`, `ERR_UNMAPPED_PRINCIPAL`, the error of `mapUser` or one of `Token.forUser`, such as
   * `ERR_UNKNOWN_USER`. Every rejection closes the handshake.
   * @example
   * using handshake = new NegotiateServer().handshake();
   * const { reply, token: user } = await handshake.step(message);
   * if (reply) socket.write(reply);
   */
  step(message: Uint8Array): Promise<HandshakeStep> {
    return this.#exchange.step(message, 'message').then(({ reply, ...result }) => ({
      ...(reply && { reply }),
      ...(result.done && { token: result.token }),
    }));
  }

  /**
   * Closes the handshake, releases the system's context (DeleteSecurityContext) and rejects a pending `step()` with
   * `ERR_HANDSHAKE_CLOSED`; a token that it still yields is closed. A second call does nothing.
   *
   * @example
   * const handshake = new NegotiateServer().handshake();
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
