import { runInFlow } from '../internal/flow-store';
import { ImpersonationError } from '../internal/error';
import { illegalConstructor, internal } from '../internal/private';
import { wrongType, wrongValue } from '../internal/validate';
import type { Accepted, AcceptorContext } from './acceptor';
import type { Handshake, HandshakeStep } from './negotiator';

/** How far a handshake may go. */
export interface HandshakeLimits {
  readonly maxLegSize: number;
  readonly maxLegs: number;
  readonly timeout: number;
}

const messages = {
  ERR_HANDSHAKE_BUSY: 'A leg has come while the one before it is under way: the handshake is closed',
  ERR_HANDSHAKE_CLOSED: 'The handshake is closed',
  ERR_HANDSHAKE_TIMEOUT: 'The client has not proven in time who it is: the handshake is closed',
  ERR_HANDSHAKE_TOO_LARGE: 'The leg is larger than maxLegSize: the handshake is closed',
  ERR_HANDSHAKE_TOO_LONG: 'The handshake has more legs than maxLegs: it is closed',
};
type Code = keyof typeof messages;

const errorOf = (code: Code): ImpersonationError => new ImpersonationError(messages[code], code);

/** A handshake of a NegotiateServer: what it promises, with the system's part left to the context. */
export class ServerHandshake implements Handshake {
  readonly #limits: HandshakeLimits;
  readonly #onEnd: (handshake: ServerHandshake) => void;
  readonly #timer: NodeJS.Timeout;
  /** Undefined once the handshake is over. */
  #context: AcceptorContext | undefined;
  /** Rejects the leg under way. */
  #reject: ((error: Error) => void) | undefined;
  #legs = 0;
  #over: Code = 'ERR_HANDSHAKE_CLOSED';

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
    // In no flow: the timer must not keep the flow's token open.
    this.#timer = runInFlow(null, () => setTimeout(expire, limits.timeout).unref());
  }

  /** Whether no leg is taken any more: the client has proven who it is, or has failed to, or it was closed. */
  get closed(): boolean {
    return this.#context === undefined;
  }

  step(leg: Uint8Array): Promise<HandshakeStep> {
    return new Promise((resolve, reject) => {
      const context = this.#context;
      if (!context) throw errorOf(this.#over);
      const error = this.#objection(leg);
      if (error) {
        this.#end();
        throw error;
      }
      this.#legs += 1;
      this.#reject = reject;
      // A copy: the caller may use the memory for the next thing that is read.
      this.#accept(context, Buffer.from(leg)).then(resolve, reject);
    });
  }

  close(): void {
    this.#end();
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.#end();
  }

  /** What is wrong with a leg that the system need not be asked about. */
  #objection(leg: unknown): Error | undefined {
    if (this.#reject) return errorOf('ERR_HANDSHAKE_BUSY');
    if (!(leg instanceof Uint8Array)) return wrongType('leg', 'an instance of Uint8Array', leg);
    if (leg.length === 0) return wrongValue('leg', 'must not be empty');
    if (leg.length > this.#limits.maxLegSize) return errorOf('ERR_HANDSHAKE_TOO_LARGE');
    return this.#legs >= this.#limits.maxLegs ? errorOf('ERR_HANDSHAKE_TOO_LONG') : undefined;
  }

  #accept(context: AcceptorContext, leg: Buffer): Promise<HandshakeStep> {
    return context.accept(leg).then(
      (accepted) => this.#take(context, accepted),
      (error: unknown) => {
        if (this.#context === context) this.#reject = undefined;
        this.#end();
        throw error;
      },
    );
  }

  #take(context: AcceptorContext, accepted: Accepted): HandshakeStep {
    const { done, reply } = accepted;
    if (this.#context !== context) {
      // Closed while the leg was under way, which has been rejected.
      if (done) accepted.token.close();
      throw errorOf(this.#over);
    }
    this.#reject = undefined;
    if (done) this.#end();
    return { ...(reply && { reply }), ...(done && { token: accepted.token }) };
  }

  #end(over: Code = 'ERR_HANDSHAKE_CLOSED'): void {
    const [context, reject] = [this.#context, this.#reject];
    if (!context) return;
    this.#context = undefined;
    this.#reject = undefined;
    this.#over = over;
    clearTimeout(this.#timer);
    this.#onEnd(this);
    context.close();
    reject?.(errorOf(over));
  }
}
