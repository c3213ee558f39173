import { inspect } from 'node:util';
import { native } from '../internal/binding';
import { refuseClone } from '../internal/private';
import { ImpersonationError } from '../internal/error';
import { internal } from '../internal/private';
import {
  validateBoolean,
  validateFunction,
  validateInteger,
  validateOptions,
  validateString,
  wrongValue,
} from '../internal/validate';
import type { Acceptor, AcceptorOptions, MapUser } from './acceptor';
import { gssapiAcceptor } from './gssapi';
import { ServerHandshake, type HandshakeLimits } from './handshake';
import type { Negotiator } from './negotiator';
import { sspiAcceptor } from './sspi';

/** How a `NegotiateServer` finds out who clients are, and how long it listens to them. */
export interface NegotiateServerOptions {
  /**
   * `Negotiate`, the default: Kerberos, and NTLM where that is not to be had, as the client chooses. `NTLM` and
   * `Kerberos`: that alone, without SPNEGO around it.
   */
  package?: AcceptorOptions['package'];
  /**
   * Whose credentials the server uses: the account by name on Windows; on Linux the service whose tickets it takes,
   * `HTTP@host` or, as by default, `HTTP` on whatever host the keytab has keys for.
   */
  principal?: string;
  /**
   * Lets in clients who prove nothing too: as ANONYMOUS LOGON, or as Guest where Windows lets unknown users in so. Not
   * otherwise: ERR_HANDSHAKE_ANONYMOUS.
   */
  allowAnonymous?: boolean;
  /**
   * Which local account a Kerberos principal (`user@REALM`) is, null for none, in the place of the rule: the name
   * without the realm, where the realm is the server's own; never one with an instance (`user/admin`), and never an
   * account of the system (a uid below 1000). What it answers is taken as it is. Linux; Windows knows whose account it is.
   */
  mapUser?: MapUser;
  /** Bytes of a leg, at most; 65,536 by default. */
  maxLegSize?: number;
  /** Legs of a client, at most; 10 by default. */
  maxLegs?: number;
  /** Milliseconds from `handshake()` to the proof, at most an hour; 30,000 by default. */
  timeout?: number;
  /** Handshakes under way at once, at most; 10,000 by default. */
  maxHandshakes?: number;
}

const packages = ['Negotiate', 'NTLM', 'Kerberos'];
const keys = [
  'package',
  'principal',
  'allowAnonymous',
  'mapUser',
  'maxLegSize',
  'maxLegs',
  'timeout',
  'maxHandshakes',
] as const;
const most = 0x7fff_ffff;
const hour = 3_600_000;

/** The system's side, for checked options. */
function acceptorFor(options: NegotiateServerOptions): Acceptor {
  const { package: name = 'Negotiate', principal, allowAnonymous = false, mapUser } = options;
  if (!packages.includes(name)) throw wrongValue('options.package', `must be one of ${packages.join(', ')}`);
  if (principal !== undefined) validateString(principal, 'options.principal');
  validateBoolean(allowAnonymous, 'options.allowAnonymous');
  if (mapUser !== undefined) validateFunction(mapUser, 'options.mapUser');
  const chosen = { package: name, principal, allowAnonymous, mapUser };
  return native.port === 'win32' ? sspiAcceptor(chosen) : gssapiAcceptor(chosen);
}

/**
 * Finds out who clients are by Integrated Authentication, leg by leg: AcceptSecurityContext on Windows,
 * gss_accept_sec_context on Linux. For HTTP there is glue; for other protocols, call `handshake()` for each
 * connection and feed it what the client sends.
 *
 * The credentials are those of the process and are had when it is made, which throws what the system says. Used on the
 * thread that made it. Legs are looked at on threads of their own, for the system may ask another machine.
 */
export class NegotiateServer implements Negotiator {
  readonly scheme: 'Negotiate' | 'NTLM';
  readonly #acceptor: Acceptor;
  readonly #limits: HandshakeLimits;
  readonly #maxHandshakes: number;
  readonly #handshakes = new Set<ServerHandshake>();
  readonly #onEnd = (handshake: ServerHandshake): void => void this.#handshakes.delete(handshake);
  #closed = false;

  constructor(options: NegotiateServerOptions = {}) {
    validateOptions(options, 'options', keys);
    const { maxLegSize = 65_536, maxLegs = 10, timeout = 30_000, maxHandshakes = 10_000 } = options;
    validateInteger(maxLegSize, 'options.maxLegSize', 1, most);
    validateInteger(maxLegs, 'options.maxLegs', 1, most);
    validateInteger(timeout, 'options.timeout', 1, hour);
    validateInteger(maxHandshakes, 'options.maxHandshakes', 1, most);
    this.#limits = { maxLegSize, maxLegs, timeout };
    this.#maxHandshakes = maxHandshakes;
    this.#acceptor = acceptorFor(options);
    this.scheme = options.package === 'NTLM' ? 'NTLM' : 'Negotiate';
    refuseClone(this);
  }

  /** Handshakes under way. */
  get handshakes(): number {
    return this.#handshakes.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Begins with a new client, whose handshake ends by itself with the proof, with whatever goes wrong, or when the time
   * is up. Throws ERR_HANDSHAKE_LIMIT while there are too many, and ERR_SERVER_CLOSED.
   */
  handshake(): ServerHandshake {
    if (this.#closed) throw new ImpersonationError('The NegotiateServer is closed', 'ERR_SERVER_CLOSED');
    if (this.#handshakes.size >= this.#maxHandshakes) {
      throw new ImpersonationError('There are too many handshakes under way', 'ERR_HANDSHAKE_LIMIT');
    }
    const handshake = new ServerHandshake(internal, this.#acceptor.begin(), this.#limits, this.#onEnd);
    this.#handshakes.add(handshake);
    return handshake;
  }

  /** Closes every handshake and frees the credentials. Does nothing the second time. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const handshake of this.#handshakes) handshake.close();
    this.#acceptor.close();
  }

  /** `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  [inspect.custom](): string {
    const state = this.#closed ? 'closed' : `${this.handshakes} handshakes`;
    return `NegotiateServer (${this.scheme}, ${state})`;
  }
}
