import type { SecureContextOptions } from 'node:tls';
import type { ClientNegotiator } from '../../negotiate/initiator';
import {
  validateArray,
  validateBoolean,
  validateFunction,
  validateInteger,
  validateOptions,
  validateString,
  wrongType,
  wrongValue,
} from '../../internal/validate';

/**
 * How HTTP requests authenticate as the effective identity.
 *
 * @example
 * const options: NegotiateHttpOptions = {
 *   client: new NegotiateClient(),
 *   origins: ['https://*.example.com'],
 *   preemptive: true,
 * };
 * await using negotiateFetch = createNegotiateFetch(options);
 */
export interface NegotiateHttpOptions {
  /** The authentication scheme: a `NegotiateClient`. */
  client: ClientNegotiator;
  /**
   * Which servers may get credentials: origins such as `https://api.example`, or `https://*.example` for all hosts below
   * it, or a function of the origin. Requests to other origins are sent without credentials.
   */
  origins: readonly string[] | ((origin: string) => boolean);
  /**
   * Returns the service principal name for an origin; by default `HTTP/` and its host name. A host name is not looked
   * up, so a name that is an alias in DNS needs a principal of its own, or this function.
   */
  target?: (origin: string) => string;
  /** Whether the user's own ticket-granting ticket is forwarded to these servers (unconstrained delegation). False by default. */
  delegate?: boolean;
  /**
   * Whether each request has a handshake message at once, and does not wait for the server to ask. It saves a round trip
   * and the sending of the body twice. False by default.
   */
  preemptive?: boolean;
  /**
   * How many bytes of a streamed request body are kept, to send them again after the server has asked for
   * authentication: 0 to 2,147,483,647; 1,048,576 by default.
   */
  maxBufferedBody?: number;
  /** Milliseconds after which an unused connection is closed, 1 to 3,600,000; 4,000 by default. */
  idleTimeout?: number;
  /** Milliseconds that may pass without data on the connection of a request, 1 to 3,600,000; 300,000 by default. */
  timeout?: number;
  /** Certificates and other settings of TLS. The server's certificate is always verified. */
  tls?: SecureContextOptions;
}

/** The options with defaults. */
export interface Settings extends Required<Omit<NegotiateHttpOptions, 'origins' | 'target'>> {
  /** Whether the origin may get credentials. */
  readonly allows: (url: URL) => boolean;
  readonly targetOf: (url: URL) => string;
}

const keys = [
  'client',
  'origins',
  'target',
  'delegate',
  'preemptive',
  'maxBufferedBody',
  'idleTimeout',
  'timeout',
  'tls',
] as const;
/** Not the options that end the verification of the server, choose another protocol or another server. */
const tlsKeys = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'crl',
  'ciphers',
  'ecdhCurve',
  'sigalgs',
  'minVersion',
  'maxVersion',
  'secureOptions',
] as const;
const maxInt32 = 0x7fff_ffff;
const hour = 3_600_000;

/** Returns the test for an origin, or for `https://*.host`. */
function toTest(entry: unknown, argument: string): (url: URL) => boolean {
  validateString(entry, argument);
  const [, protocol = '', host = ''] = /^(https?:\/\/)\*\.(.+)$/i.exec(entry) ?? [];
  const text = host === '' ? entry : protocol + host;
  const named = URL.canParse(text) ? new URL(text) : undefined;
  if (
    !named ||
    !/^https?:$/.test(named.protocol) ||
    named.href !== `${named.origin}/` ||
    text.includes('*')
  ) {
    throw wrongValue(argument, "must be an origin such as 'https://api.example' or 'https://*.example'");
  }
  if (host === '') return ({ origin }) => origin === named.origin;
  return (url) =>
    url.protocol === named.protocol && url.port === named.port && url.hostname.endsWith(`.${named.hostname}`);
}

function toAllows(origins: unknown): (url: URL) => boolean {
  if (typeof origins === 'function') {
    const allows = origins as (origin: string) => unknown;
    return ({ origin }) => allows(origin) === true;
  }
  if (!Array.isArray(origins))
    throw wrongType('options.origins', 'an array of origins or a function', origins);
  validateArray(origins, 'options.origins');
  const tests = origins.map((entry, index) => toTest(entry, `options.origins[${String(index)}]`));
  return (url) => tests.some((test) => test(url));
}

/** Validates the options and adds the defaults. `others` are the keys of the caller's own options. */
export function toHttpSettings(options: unknown, others: readonly string[] = []): Settings {
  validateOptions(options, 'options', [...keys, ...others]);
  const given = options as Partial<NegotiateHttpOptions>;
  const { client, target, delegate = false, preemptive = false, tls = {} } = given;
  const { maxBufferedBody = 1_048_576, idleTimeout = 4000, timeout = 300_000 } = given;
  if (typeof client?.scheme !== 'string' || typeof client.handshake !== 'function') {
    throw wrongType('options.client', 'a ClientNegotiator, such as an instance of NegotiateClient', client);
  }
  const allows = toAllows(given.origins);
  if (target !== undefined) validateFunction(target, 'options.target');
  validateBoolean(delegate, 'options.delegate');
  validateBoolean(preemptive, 'options.preemptive');
  validateInteger(maxBufferedBody, 'options.maxBufferedBody', 0, maxInt32);
  validateInteger(idleTimeout, 'options.idleTimeout', 1, hour);
  validateInteger(timeout, 'options.timeout', 1, hour);
  validateOptions(tls, 'options.tls', tlsKeys);
  return {
    client,
    allows,
    targetOf: (url) => (target ? target(url.origin) : `HTTP/${url.hostname}`),
    delegate,
    preemptive,
    maxBufferedBody,
    idleTimeout,
    timeout,
    tls: { ...tls },
  };
}
