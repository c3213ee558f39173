import { runInFlow } from '../internal/flow-store';
import { ImpersonationError } from '../internal/error';
import { wrongType, wrongValue } from '../internal/validate';
import type { HandshakeLimits } from './limits';

const errorMessages = {
  ERR_HANDSHAKE_BUSY:
    'The previous message of the handshake is still being processed. The handshake is closed: wait for each step() before the next one',
  ERR_HANDSHAKE_CLOSED: 'The handshake is closed. Begin a new one with handshake()',
  ERR_HANDSHAKE_TIMEOUT:
    'The handshake was not complete within options.timeout milliseconds. The handshake is closed',
  ERR_HANDSHAKE_TOO_LARGE:
    'The handshake message is larger than options.maxMessageSize. The handshake is closed',
  ERR_HANDSHAKE_TOO_LONG:
    'The other side has sent more handshake messages than options.maxMessages. The handshake is closed',
};
type Code = keyof typeof errorMessages;

const errorOf = (code: Code): ImpersonationError => new ImpersonationError(errorMessages[code], code);

/** The operating system's part of a handshake. */
export interface ExchangeContext<Result extends { readonly done: boolean }> {
  /** Processes a message, which is not modified by others. One call is pending at a time. */
  process(message: Buffer): Promise<Result>;
  /** Releases what a result holds that reaches no caller. Absent if results hold nothing. */
  discard?(result: Result): void;
  /** Releases the system's context, once a pending message is processed. */
  close(): void;
}

/**
 * The messages of one handshake, within its limits. It ends when it is complete, when a message fails, and when its time
 * has passed; whatever is pending is then rejected.
 */
export class Exchange<Result extends { readonly done: boolean }> {
  readonly #limits: HandshakeLimits;
  readonly #onEnd: () => void;
  readonly #timer: NodeJS.Timeout;
  /** Undefined once the exchange has ended. */
  #context: ExchangeContext<Result> | undefined;
  /** Rejects the pending step; undefined if there is none. */
  #rejectPending: ((error: Error) => void) | undefined;
  #messageCount = 0;
  #closeReason: Code = 'ERR_HANDSHAKE_CLOSED';

  constructor(context: ExchangeContext<Result>, limits: HandshakeLimits, onEnd: () => void) {
    this.#context = context;
    this.#limits = limits;
    this.#onEnd = onEnd;
    const expire = (): void => this.#end('ERR_HANDSHAKE_TIMEOUT');
    // Outside of every flow: the timer must not keep the flow's token open.
    this.#timer = runInFlow(null, () => setTimeout(expire, limits.timeout).unref());
  }

  get ended(): boolean {
    return this.#context === undefined;
  }

  /** Processes a message of the other side, called `argument` in errors. */
  step(message: unknown, argument: string): Promise<Result> {
    return this.#process(() => {
      const error = this.#errorOf(message, argument);
      if (error) throw error;
      this.#messageCount += 1;
      // A copy, since the caller may reuse the memory for its next read.
      return Buffer.from(message as Uint8Array);
    });
  }

  /** Begins the exchange, for the side that sends the first message. */
  begin(): Promise<Result> {
    return this.#process(() => {
      if (this.#rejectPending) throw errorOf('ERR_HANDSHAKE_BUSY');
      return Buffer.alloc(0);
    });
  }

  /** Ends the exchange and rejects a pending step with `ERR_HANDSHAKE_CLOSED`. A second call does nothing. */
  end(): void {
    this.#end('ERR_HANDSHAKE_CLOSED');
  }

  #process(toBytes: () => Buffer): Promise<Result> {
    return new Promise((resolve, reject) => {
      const context = this.#context;
      if (!context) throw errorOf(this.#closeReason);
      let bytes: Buffer;
      try {
        bytes = toBytes();
      } catch (error) {
        this.end();
        throw error;
      }
      this.#rejectPending = reject;
      new Promise<Result>((done) => {
        done(context.process(bytes));
      })
        .then(
          (result) => this.#settle(context, result),
          (error: unknown) => {
            if (this.#context === context) this.#rejectPending = undefined;
            this.end();
            throw error;
          },
        )
        .then(resolve, reject);
    });
  }

  /** The error of a message that is rejected without a call of the system. */
  #errorOf(message: unknown, argument: string): Error | undefined {
    if (this.#rejectPending) return errorOf('ERR_HANDSHAKE_BUSY');
    if (!(message instanceof Uint8Array)) return wrongType(argument, 'an instance of Uint8Array', message);
    if (message.length === 0) return wrongValue(argument, 'must not be empty');
    if (message.length > this.#limits.maxMessageSize) return errorOf('ERR_HANDSHAKE_TOO_LARGE');
    return this.#messageCount >= this.#limits.maxMessages ? errorOf('ERR_HANDSHAKE_TOO_LONG') : undefined;
  }

  #settle(context: ExchangeContext<Result>, result: Result): Result {
    if (this.#context !== context) {
      // The exchange has ended meanwhile, and the step has been rejected.
      context.discard?.(result);
      throw errorOf(this.#closeReason);
    }
    this.#rejectPending = undefined;
    if (result.done) this.end();
    return result;
  }

  #end(reason: Code): void {
    const [context, rejectPending] = [this.#context, this.#rejectPending];
    if (!context) return;
    this.#context = undefined;
    this.#rejectPending = undefined;
    this.#closeReason = reason;
    clearTimeout(this.#timer);
    this.#onEnd();
    context.close();
    rejectPending?.(errorOf(reason));
  }
}
