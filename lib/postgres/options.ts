import type { ConnectionOptions } from 'node:tls';
import type { ClientNegotiator } from '../negotiate/initiator';
import {
  validateBoolean,
  validateOptions,
  validateString,
  withoutPrototype,
  wrongType,
} from '../internal/validate';

/**
 * How connections to a PostgreSQL server authenticate.
 *
 * @example
 * const options: GssStreamOptions = { negotiator: new NegotiateClient(), target: 'postgres/db.example.com' };
 * const stream = gssStream(options);
 */
export interface GssStreamOptions {
  /** What authenticates the effective identity: a `NegotiateClient`, or your own implementation. */
  negotiator: ClientNegotiator;
  /**
   * The service principal name of the server. `postgres/HOST` by default, with the host that the library connects to. Set
   * it if that is an address or an alias, or if the server has another krb_srvname.
   */
  target?: string;
  /** Whether the user's own ticket-granting ticket is forwarded to the server. False by default. */
  delegate?: boolean;
  /**
   * Whether the connection is encrypted: true, or options of tls.connect(), which verify the certificate. Without it the
   * option `ssl` of node-postgres decides; postgres.js needs it here.
   */
  tls?: boolean | ConnectionOptions;
}

/** The options, validated. */
export interface Settings {
  readonly negotiator: ClientNegotiator;
  readonly target: string | undefined;
  readonly delegate: boolean;
  readonly tls: ConnectionOptions | false;
}

/** Returns the options of tls.connect() for an option that may be a boolean. */
export function toTls(value: unknown, argument: string): ConnectionOptions | false {
  if (typeof value === 'boolean') return value && {};
  if (typeof value !== 'object' || value === null) {
    throw wrongType(argument, 'of type boolean or object', value);
  }
  const options = value as ConnectionOptions;
  // node-postgres makes the property `key` of its option not enumerable.
  return withoutPrototype({ ...options, ...(options.key !== undefined && { key: options.key }) });
}

/** Validates the options of `gssStream()`. */
export function toSettings(options: unknown): Settings {
  validateOptions(options, 'options', ['negotiator', 'target', 'delegate', 'tls']);
  const { target, delegate = false, tls = false } = options;
  const negotiator = (options.negotiator ?? {}) as Partial<ClientNegotiator>;
  if (typeof negotiator !== 'object' || typeof negotiator.handshake !== 'function') {
    throw wrongType(
      'options.negotiator',
      'a ClientNegotiator, such as an instance of NegotiateClient',
      options.negotiator,
    );
  }
  if (target !== undefined) validateString(target, 'options.target');
  validateBoolean(delegate, 'options.delegate');
  return {
    negotiator: negotiator as ClientNegotiator,
    target,
    delegate,
    tls: toTls(tls, 'options.tls'),
  };
}
