import { inspect } from 'node:util';
import type { InitiatorId } from '../../types/native-negotiate';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { ImpersonationError, promiseOf } from '../internal/error';
import { internal, refuseClone } from '../internal/private';
import {
  validateArray,
  validateBoolean,
  validateBytes,
  validateFunction,
  validateOptions,
  validateString,
  wrongValue,
} from '../internal/validate';
import type { Tickets } from '../token/kerberos-tickets';
import { Token } from '../token/token';
import type { ClientHandshake } from './client-handshake';
import type { ClientHandshakeOptions, ClientNegotiator } from './initiator';
import { type HandshakeLimitOptions, type HandshakeLimits, limitKeys, toLimits } from './limits';

/**
 * Maps a token to the user's Kerberos principal, for protocol transition.
 *
 * @param token - The token of the flow, without a credential of its own.
 * @returns The principal, such as `alice@EXAMPLE.COM`; null if the user must not be authenticated to other services.
 * @example
 * const transition: Transition = ({ name }) => (name ? `${name}@EXAMPLE.COM` : null);
 * const client = new NegotiateClient({ keytab: '/etc/portal.keytab', transition });
 */
export type Transition = (token: Token) => string | null | Promise<string | null>;

/**
 * How a `NegotiateClient` authenticates, and its limits.
 *
 * @example
 * const options: NegotiateClientOptions = { package: 'Kerberos', timeout: 10_000 };
 * const client = new NegotiateClient(options);
 */
export interface NegotiateClientOptions extends HandshakeLimitOptions {
  /**
   * The security package: `Negotiate` (SPNEGO), the default, as HTTP has it; or `Kerberos`, without SPNEGO around its
   * messages.
   */
  package?: 'Negotiate' | 'Kerberos';
  /** Whether the server may choose NTLM, which does not prove the server's identity. False by default. Windows. */
  allowNtlm?: boolean;
  /**
   * A keytab file with the key of this service's account, for protocol transition, and to authenticate as the service
   * outside of flows and scopes. Linux.
   */
  keytab?: string;
  /** The principal of that key, `portal@EXAMPLE.COM`; by default the first one of the keytab. Linux. */
  principal?: string;
  /**
   * Permits protocol transition: users without a ticket are authenticated by name (S4U2Self, S4U2Proxy), as the
   * principal that this function returns: it maps the local user to the realm. Needs `keytab`. Linux; on
   * Windows the directory alone decides.
   */
  transition?: Transition;
}

const keys = ['package', 'allowNtlm', 'keytab', 'principal', 'transition', ...limitKeys] as const;
const handshakeKeys = ['target', 'delegate', 'channelBindings', 'token'] as const;
const servicePrincipalName = /^[^\s/@]+\/[^\s/@]+(\/[^\s/@]+)?(@[^\s/@]+)?$/;

/** Frees the initiators of clients that are garbage collected without `close()`. */
const unclosed = new FinalizationRegistry<InitiatorId>((id) => {
  native.freeInitiator(id);
});

function requirePlatform(option: string, given: boolean, port: 'linux' | 'win32'): void {
  if (!given || native.port === port) return;
  const name = port === 'linux' ? 'Linux' : 'Windows';
  throw new ImpersonationError(
    `options.${option} is for ${name} only: leave the option out`,
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}

function validateTarget(target: unknown, argument: string): void {
  validateString(target, argument);
  if (!servicePrincipalName.test(target))
    throw wrongValue(argument, "must be a service principal name such as 'HTTP/host.example.com'");
}

/** Validates the options that the operating system's part needs. */
function validateInitiator(options: NegotiateClientOptions): void {
  const { package: name = 'Negotiate', allowNtlm = false, keytab, principal, transition } = options;
  if (!['Negotiate', 'Kerberos'].includes(name))
    throw wrongValue('options.package', 'must be Negotiate or Kerberos');
  validateBoolean(allowNtlm, 'options.allowNtlm');
  if (keytab !== undefined) validateString(keytab, 'options.keytab');
  if (principal !== undefined) validateString(principal, 'options.principal');
  if (transition !== undefined) validateFunction(transition, 'options.transition');
  requirePlatform('allowNtlm', allowNtlm, 'win32');
  requirePlatform('keytab', keytab !== undefined, 'linux');
  requirePlatform('principal', principal !== undefined, 'linux');
  requirePlatform('transition', transition !== undefined, 'linux');
  if (keytab === undefined && (principal ?? transition) !== undefined) {
    throw wrongValue('options.keytab', 'must be set together with options.principal and options.transition');
  }
}

/**
 * Authenticates the effective identity to other services, message by message: InitializeSecurityContextW on a thread that
 * carries the flow's token, gss_init_sec_context on Linux with the credential that came with the token. For HTTP use it
 * with `createNegotiateFetch` of `impersonate/http`, for PostgreSQL with `impersonate/postgres`.
 *
 * Kerberos alone is used unless `allowNtlm` is set, and the server must prove its identity. Which users can be
 * authenticated, and where, is decided by the directory: see docs/delegation.md and `token.delegation`. Outside of flows
 * and scopes the process authenticates as itself. The client is used on the thread that made it. `close()`, `using` or
 * garbage collection frees its credentials.
 *
 * @example
 * const client = new NegotiateClient();
 * await token.run(async () => {
 *   using handshake = client.handshake({ target: 'HTTP/reports.example.com' });
 *   const { message } = await handshake.step();
 *   const { done } = await handshake.step(await exchange(message));
 * });
 */
export class NegotiateClient implements ClientNegotiator {
  /** The name of the scheme in HTTP. */
  readonly scheme = 'Negotiate';
  readonly #options: NegotiateClientOptions;
  readonly #limits: HandshakeLimits;
  readonly #id: InitiatorId;
  readonly #handshakes = new Set<ClientHandshake>();
  readonly #onEnd = (handshake: ClientHandshake): void => void this.#handshakes.delete(handshake);
  #closed = false;

  /**
   * Makes a client. It acquires no credentials yet.
   *
   * @param options - The security package, the service's own key on Linux, and limits.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for an option of the other system, or on Linux
   * without the libraries of MIT Kerberos.
   */
  constructor(options: NegotiateClientOptions = {}) {
    validateOptions(options, 'options', keys);
    this.#limits = toLimits(options);
    validateInitiator(options);
    const { package: name = 'Negotiate', allowNtlm = false, keytab = '', principal = '' } = options;
    this.#options = { ...options };
    this.#id = native.newInitiator(name, allowNtlm, keytab, principal);
    unclosed.register(this, this.#id, this);
    refuseClone(this, 'A NegotiateClient belongs to its thread: make one on each thread');
  }

  /** The number of open handshakes. */
  get handshakes(): number {
    return this.#handshakes.size;
  }

  /** Whether `close()` has been called. Never throws. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Begins the authentication of the effective identity at a server. The handshake keeps the identity, closes itself when
   * the server has proved its own, when a step fails, and after `timeout` milliseconds.
   *
   * @param options - The server, what it may do with the identity, and the TLS channel. `token` replaces the effective
   * identity; it may have the level `identification`.
   * @returns A handshake for one connection.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_CLIENT_CLOSED`, `ERR_TOKEN_CLOSED`, `ERR_IDENTITY_CONFLICT`.
   * @example
   * const client = new NegotiateClient();
   * using handshake = token.run(() => client.handshake({ target: 'HTTP/reports.example.com' }));
   * const { message } = await handshake.step();
   */
  handshake(options: ClientHandshakeOptions & { token?: Token }): ClientHandshake {
    this.#requireOpen();
    validateOptions(options, 'options', handshakeKeys);
    const {
      target,
      delegate = false,
      channelBindings = new Uint8Array(0),
      token = Token.current(),
    } = options;
    validateTarget(target, 'options.target');
    validateBoolean(delegate, 'options.delegate');
    validateBytes(channelBindings, 'options.channelBindings');
    Token.validate(token, 'options.token');
    const request = { target, delegate, channelBindings: Buffer.from(channelBindings), token };
    const { ClientHandshake } = deferred();
    const handshake = new ClientHandshake(
      internal,
      this.#id,
      this.#options,
      this.#limits,
      request,
      this.#onEnd,
    );
    this.#handshakes.add(handshake);
    return handshake;
  }

  /**
   * Gets tickets as the effective identity, for programs of the user: the option `credentials` of `token.spawn()`. The KDC
   * must permit each service. On a thread of its own, as the process. Linux.
   *
   * @param options - The services, by their service principal names. `token` replaces the effective identity.
   * @returns The tickets, to be closed.
   * @throws TypeError Rejects with `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError Rejects with `ERR_CLIENT_CLOSED`, `ERR_NOT_DELEGATED`, the name of a status of Kerberos, such
   * as `KRB5KDC_ERR_BADOPTION`, or the error of `transition`; `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` on Windows, where
   * programs have the credentials of their token.
   * @example
   * const client = new NegotiateClient();
   * using tickets = await client.tickets({ targets: ['cifs/files.example.com'], token });
   * token.spawn('smbclient', ['--use-kerberos=required', '//files.example.com/share'], { credentials: tickets });
   */
  tickets(options: { targets: readonly string[]; token?: Token }): Promise<Tickets> {
    return promiseOf(() => {
      this.#requireOpen();
      validateOptions(options, 'options', ['targets', 'token']);
      const { targets, token = Token.current() } = options;
      validateArray(targets, 'options.targets');
      if (targets.length === 0) throw wrongValue('options.targets', 'must not be empty');
      targets.forEach((target, index) => {
        validateTarget(target, `options.targets[${index}]`);
      });
      Token.validate(token, 'options.token');
      return deferred().ticketsFor(this.#id, this.#options, token, [...targets]);
    });
  }

  /**
   * Closes every handshake and frees the service's credentials. Pending steps reject with `ERR_HANDSHAKE_CLOSED`. A second
   * call does nothing.
   *
   * @example
   * const client = new NegotiateClient();
   * process.once('SIGTERM', () => client.close());
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const handshake of this.#handshakes) handshake.close();
    unclosed.unregister(this);
    native.freeInitiator(this.#id);
  }

  #requireOpen(): void {
    if (this.#closed)
      throw new ImpersonationError('The NegotiateClient is closed: make a new one', 'ERR_CLIENT_CLOSED');
  }

  /** Calls `close()`, for `using client = ...`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Returns what `console.log` prints: the number of open handshakes. Never throws. */
  [inspect.custom](): string {
    return `NegotiateClient (${this.#closed ? 'closed' : `${this.handshakes} handshakes`})`;
  }
}
