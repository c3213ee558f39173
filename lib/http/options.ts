import type { IncomingMessage } from 'node:http';
import type { Negotiator } from '../negotiate/negotiator';
import { validateFunction, validateOptions, wrongType, wrongValue } from '../internal/validate';

/** How requests are authenticated. */
export interface HttpAuthenticationOptions {
  /**
   * How long a proof holds. `connection`, the default: for all later requests of the same connection that bring no
   * Authorization, which NTLM needs. `request`: for the request that completes it.
   */
  persist?: 'connection' | 'request';
  /**
   * Told why a request was refused, which its sender never learns, and what the handler of `authenticate` threw. Called
   * as the process.
   */
  onError?: (error: Error, request: IncomingMessage) => void;
}

export function validateArguments(negotiator: unknown, options: unknown): void {
  const { scheme, handshake } = (negotiator ?? {}) as Partial<Negotiator>;
  if (typeof scheme !== 'string' || typeof handshake !== 'function') {
    throw wrongType('negotiator', 'a Negotiator, such as an instance of NegotiateServer', negotiator);
  }
  validateOptions(options, 'options', ['persist', 'onError']);
  const { persist, onError } = options;
  if (persist !== undefined && persist !== 'connection' && persist !== 'request') {
    throw wrongValue('options.persist', 'must be one of: connection, request');
  }
  if (onError !== undefined) validateFunction(onError, 'options.onError');
}
