import { validateInteger } from '../internal/validate';

/**
 * The limits of a handshake, as options of a `NegotiateServer` or a `NegotiateClient`.
 *
 * @example
 * const limits: HandshakeLimitOptions = { maxMessageSize: 16_384, maxMessages: 4, timeout: 10_000 };
 * const [server, client] = [new NegotiateServer(limits), new NegotiateClient(limits)];
 */
export interface HandshakeLimitOptions {
  /** The largest handshake message in bytes, 1 to 2,147,483,647; 65,536 by default. */
  maxMessageSize?: number;
  /** The number of messages that the other side may send in a handshake, 1 to 2,147,483,647; 10 by default. */
  maxMessages?: number;
  /** Milliseconds from `handshake()` until the handshake must be complete, 1 to 3,600,000; 30,000 by default. */
  timeout?: number;
}

/** The limits of one handshake: bytes of a message, number of messages, and milliseconds in total. */
export type HandshakeLimits = Readonly<Required<HandshakeLimitOptions>>;

export const limitKeys = ['maxMessageSize', 'maxMessages', 'timeout'] as const;
export const maxInt32 = 0x7fff_ffff;
const hour = 3_600_000;

/** Validates the limits among the options, and completes them. */
export function toLimits(options: HandshakeLimitOptions): HandshakeLimits {
  const { maxMessageSize = 65_536, maxMessages = 10, timeout = 30_000 } = options;
  validateInteger(maxMessageSize, 'options.maxMessageSize', 1, maxInt32);
  validateInteger(maxMessages, 'options.maxMessages', 1, maxInt32);
  validateInteger(timeout, 'options.timeout', 1, hour);
  return { maxMessageSize, maxMessages, timeout };
}
