import { inspect } from 'node:util';
import { native } from '../internal/binding';
import { deferred } from '../internal/deferred';
import { internal, refuseClone } from '../internal/private';
import { ImpersonationError } from '../internal/error';
import {
  validateBoolean,
  validateBytes,
  validateFunction,
  validateInteger,
  validateOptions,
  validateString,
  wrongValue,
} from '../internal/validate';
import type { Acceptor, MapUser } from './acceptor';
import type { ServerHandshake } from './handshake';
import { type HandshakeLimitOptions, type HandshakeLimits, limitKeys, maxInt32, toLimits } from './limits';
import type { ConnectionOptions, Negotiator } from './negotiator';

/**
 * How a `NegotiateServer` authenticates clients, and its limits.
 *
 * @example
 * const options: NegotiateServerOptions = { extendedProtection: 'require', maxHandshakes: 1000 };
 * const server = new NegotiateServer(options);
 */
export interface NegotiateServerOptions extends HandshakeLimitOptions {
  /**
   * The security package. `Negotiate`, the default, is SPNEGO: the client chooses Kerberos, or NTLM if Kerberos is
   * unavailable. `NTLM` and `Kerberos` accept the messages of that package alone, without SPNEGO around them. On Linux
   * there is no NTLM.
   */
  package?: 'Negotiate' | 'NTLM' | 'Kerberos';
  /**
   * The account or service whose credentials the server uses. Windows: the name of an account, by default the process's
   * own. Linux: the service whose tickets are accepted, `HTTP@host`, or by default `HTTP` on every host that the keytab
   * has keys for.
   */
  principal?: string;
  /**
   * Whether unauthenticated clients are accepted: as ANONYMOUS LOGON, or as Guest if Windows logs unknown users on as
   * Guest. False by default: they are rejected with `ERR_HANDSHAKE_ANONYMOUS`. Windows.
   */
  allowAnonymous?: boolean;
  /**
   * Maps a Kerberos principal `user@REALM` to the name of a local account, or to null to reject the client. It replaces
   * the default rule and its checks. The default rule takes the name without the realm if the realm is the server's
   * own; it rejects names with an instance (`user/admin`) and system accounts (a uid below 1000). Linux.
   */
  mapUser?: MapUser;
  /** The file with the server's keys; by default the one that KRB5_KTNAME or krb5.conf names. Linux. */
  keytab?: string;
  /**
   * What is done with the TLS channel bindings of clients, by which a machine between them and the server cannot pass their
   * handshake on. `allow`, the default: they are checked if the client sends them. `require`: the client must send them.
   * `off`: they are ignored, for a server behind a proxy that terminates TLS.
   */
  extendedProtection?: 'off' | 'allow' | 'require';
  /**
   * Whether tokens can be used for constrained delegation: `NegotiateClient` then authenticates their users to the
   * services that the directory permits. Needs `keytab`, whose first key must be of the service's account. False by
   * default. Linux; on Windows the directory alone decides.
   */
  constrainedDelegation?: boolean;
  /** The number of handshakes that may be open at a time, 1 to 2,147,483,647; 10,000 by default. */
  maxHandshakes?: number;
}

const packages = ['Negotiate', 'NTLM', 'Kerberos'];
const keys = [
  'package',
  'principal',
  'allowAnonymous',
  'mapUser',
  'keytab',
  'extendedProtection',
  'constrainedDelegation',
  ...limitKeys,
  'maxHandshakes',
] as const;

/** Validates the options that the operating system's part needs, and makes it. */
function acceptorFor(options: NegotiateServerOptions): Acceptor {
  const { package: name = 'Negotiate', principal, allowAnonymous = false, mapUser, keytab } = options;
  const { extendedProtection = 'allow', constrainedDelegation = false } = options;
  const { Acceptor, gssapiAcceptance, protections, sspiAcceptance } = deferred();
  if (!packages.includes(name)) throw wrongValue('options.package', `must be one of ${packages.join(', ')}`);
  if (principal !== undefined) validateString(principal, 'options.principal');
  validateBoolean(allowAnonymous, 'options.allowAnonymous');
  if (mapUser !== undefined) validateFunction(mapUser, 'options.mapUser');
  if (keytab !== undefined) validateString(keytab, 'options.keytab');
  validateString(extendedProtection, 'options.extendedProtection');
  if (!Object.hasOwn(protections, extendedProtection))
    throw wrongValue('options.extendedProtection', "must be 'off', 'allow' or 'require'");
  validateBoolean(constrainedDelegation, 'options.constrainedDelegation');
  const chosen = {
    ...{ package: name, principal, allowAnonymous, mapUser },
    ...{ keytab, extendedProtection, constrainedDelegation },
  };
  const acceptance = native.port === 'win32' ? sspiAcceptance(chosen) : gssapiAcceptance(chosen);
  return new Acceptor(chosen, acceptance);
}

/**
 * Authenticates clients by Integrated Authentication, message by message: AcceptSecurityContext on Windows,
 * gss_accept_sec_context on Linux. For HTTP use it with `impersonate/http`. For other protocols call `handshake()` for
 * each connection and pass on what the client sends.
 *
 * It acquires the credentials of the process when it is made, also inside a scope or flow. It is used on the thread
 * that made it. The system processes the messages on other threads, since it may have to query another machine, at most
 * 32 messages at a time. `close()`, `using` or garbage collection frees the credentials.
 *
 * @example
 * const listener = authenticate(new NegotiateServer(), (request, response) => {
 *   response.end(`You are ${request.token.name ?? request.token.user.id}`);
 * });
 * http.createServer(listener).listen(80);
 */
export class NegotiateServer implements Negotiator {
  /** The name of the scheme in HTTP: `NTLM` for the package `NTLM`, else `Negotiate`. */
  readonly scheme: 'Negotiate' | 'NTLM';
  readonly #acceptor: Acceptor;
  readonly #limits: HandshakeLimits;
  readonly #maxHandshakes: number;
  readonly #handshakes = new Set<ServerHandshake>();
  readonly #onEnd = (handshake: ServerHandshake): void => void this.#handshakes.delete(handshake);
  #closed = false;

  /**
   * Acquires the server's credentials as the process (AcquireCredentialsHandleW; on Linux each handshake reads the
   * keytab).
   *
   * @param options - The security package, the credentials, and limits.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
   * @throws ImpersonationError `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` for an option of the other system, or on Linux
   * without the libraries of MIT Kerberos; or the system's error.
   */
  constructor(options: NegotiateServerOptions = {}) {
    validateOptions(options, 'options', keys);
    const { maxHandshakes = 10_000 } = options;
    this.#limits = toLimits(options);
    validateInteger(maxHandshakes, 'options.maxHandshakes', 1, maxInt32);
    this.#maxHandshakes = maxHandshakes;
    this.#acceptor = acceptorFor(options);
    this.scheme = options.package === 'NTLM' ? 'NTLM' : 'Negotiate';
    refuseClone(this, 'A NegotiateServer belongs to its thread: make one on each thread');
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
   * Begins the authentication of a client. The handshake closes itself when the client is authenticated, when a step
   * fails, and after `timeout` milliseconds.
   *
   * @param options - The bindings of the connection's TLS channel, which `impersonate/http` passes.
   * @returns A handshake for one connection.
   * @throws TypeError `ERR_INVALID_ARG_TYPE`.
   * @throws ImpersonationError `ERR_SERVER_CLOSED`; `ERR_HANDSHAKE_LIMIT` while `maxHandshakes` handshakes are open.
   * @example
   * const server = new NegotiateServer();
   * using handshake = server.handshake();
   * const { reply, token: user } = await handshake.step(message);
   */
  handshake(options: ConnectionOptions = {}): ServerHandshake {
    validateOptions(options, 'options', ['channelBindings']);
    const { channelBindings = new Uint8Array(0) } = options;
    validateBytes(channelBindings, 'options.channelBindings');
    if (this.#closed)
      throw new ImpersonationError('The NegotiateServer is closed: make a new one', 'ERR_SERVER_CLOSED');
    if (this.#handshakes.size >= this.#maxHandshakes) {
      throw new ImpersonationError(
        `There are ${this.#maxHandshakes} open handshakes, as many as options.maxHandshakes permits: try again later`,
        'ERR_HANDSHAKE_LIMIT',
      );
    }
    const { ServerHandshake } = deferred();
    const handshake = new ServerHandshake(
      internal,
      this.#acceptor.begin(channelBindings),
      this.#limits,
      this.#onEnd,
    );
    this.#handshakes.add(handshake);
    return handshake;
  }

  /**
   * Closes every handshake and frees the credentials (FreeCredentialsHandle). Pending steps reject with
   * `ERR_HANDSHAKE_CLOSED`. A second call does nothing.
   *
   * @example
   * const server = new NegotiateServer();
   * process.once('SIGTERM', () => server.close());
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const handshake of this.#handshakes) handshake.close();
    this.#acceptor.close();
  }

  /** Calls `close()`, for `using server = ...`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Returns what `console.log` prints: the scheme and the number of open handshakes. Never throws. */
  [inspect.custom](): string {
    const state = this.#closed ? 'closed' : `${this.handshakes} handshakes`;
    return `NegotiateServer (${this.scheme}, ${state})`;
  }
}
