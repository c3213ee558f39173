import type { IncomingMessage } from 'node:http';
import type { Negotiator } from '../negotiate/negotiator';
import {
  validateBoolean,
  validateFunction,
  validateOptions,
  wrongType,
  wrongValue,
} from '../internal/validate';

/**
 * How requests are authenticated.
 *
 * @example
 * const options: HttpAuthenticationOptions = { persist: 'request', onError: (error) => console.error(error) };
 * app.use(expressAuthentication(new NegotiateServer(), options));
 */
export interface HttpAuthenticationOptions {
  /**
   * How long a client stays authenticated. `connection`, the default, is for all later requests on the same connection
   * that have no Authorization header, as NTLM needs it. `request` is for the request that completes the handshake.
   */
  persist?: 'connection' | 'request';
  /**
   * Whether responses have `Cache-Control: private` and `Vary: Authorization`, unless a handler sets other values. The
   * default. If false, neither is set, and a shared cache may give one user's response to another.
   */
  cacheControl?: boolean;
  /**
   * Called as the process with the reason why a request was rejected, which the client does not receive, and with the
   * error that the handler of `authenticate` threw.
   *
   * @param error - The reason.
   * @param request - The request.
   */
  onError?: (error: Error, request: IncomingMessage) => void;
}

/** Validates the arguments that all ways to authenticate requests have in common. */
export function validateArguments(negotiator: unknown, options: unknown): void {
  const { scheme, handshake } = (negotiator ?? {}) as Partial<Negotiator>;
  if (typeof scheme !== 'string' || typeof handshake !== 'function') {
    throw wrongType('negotiator', 'a Negotiator, such as an instance of NegotiateServer', negotiator);
  }
  validateOptions(options, 'options', ['persist', 'cacheControl', 'onError']);
  const { persist, cacheControl, onError } = options;
  if (persist !== undefined && persist !== 'connection' && persist !== 'request') {
    throw wrongValue('options.persist', 'must be one of: connection, request');
  }
  if (cacheControl !== undefined) validateBoolean(cacheControl, 'options.cacheControl');
  if (onError !== undefined) validateFunction(onError, 'options.onError');
}
