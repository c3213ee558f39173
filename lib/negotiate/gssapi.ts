import type { NativeAcceptance } from '../../types/native-negotiate';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { internal } from '../internal/private';
import { wrongValue } from '../internal/validate';
import { Token } from '../token/token';
import type { Acceptance, AcceptorOptions, MapUser } from './acceptor';
import { isService, isServiceName, localAccount } from './principal-names';
import { isMechanism, krb5, type SpnegoOffer, unwrapOffer } from './spnego';

/**
 * The first uid of ordinary accounts (UID_MIN). System accounts have customary names, and a realm may have unrelated
 * users of the same names, such as `postgres` or `root`.
 */
const firstUserUid = 1000;

function refused(reason: string): ImpersonationError {
  const message = `The client could not be authenticated: ${reason}`;
  return new ImpersonationError(message, 'ERR_HANDSHAKE_REFUSED', 0, 'gss_accept_sec_context');
}

function unmapped(client: string, reason: string): ImpersonationError {
  return new ImpersonationError(
    `The principal ${client} is not mapped to a local account: ${reason}`,
    'ERR_UNMAPPED_PRINCIPAL',
  );
}

/** Makes principals into the tokens of local accounts. */
class GssapiAcceptance implements Acceptance {
  /** Whether messages may be within SPNEGO. */
  readonly #isWrapped: boolean;
  readonly #service: string;
  readonly #mapUser: MapUser | undefined;

  constructor(isWrapped: boolean, service: string, mapUser: MapUser | undefined) {
    this.#isWrapped = isWrapped;
    this.#service = service;
    this.#mapUser = mapUser;
  }

  unwrap(message: Buffer): SpnegoOffer {
    if (isMechanism(message, krb5)) return { message, reply: (own) => own };
    const offer = this.#isWrapped ? unwrapOffer(message) : undefined;
    if (offer) return offer;
    throw refused(
      'the message is not of Kerberos, or of SPNEGO with Kerberos as the first mechanism, as options.package has it',
    );
  }

  /** The credential goes to the token, or is destroyed. */
  tokenOf({ client, server, credential }: NativeAcceptance): Promise<Token> {
    return this.#accountOf(client, server)
      .then((account) => (credential === 0 ? account : withCredential(account, credential)))
      .finally(() => {
        if (credential !== 0) native.freeCredential(credential);
      });
  }

  /** The server accepts with every key of its keytab, so it is checked whose key has decrypted the ticket. */
  #accountOf(client: string, server: string): Promise<Token> {
    if (!isService(server, this.#service)) {
      return Promise.reject(
        refused(
          `the key that decrypts its ticket belongs to ${server}, and options.principal is ${this.#service}`,
        ),
      );
    }
    const mapUser = this.#mapUser;
    if (mapUser) {
      return new Promise<string | null>((resolve) => {
        resolve(mapUser(client));
      }).then((name) => tokenFor(client, name));
    }
    return tokenFor(client, localAccount(client, server)).then((token) => {
      if (Number(token.user.id) >= firstUserUid) return token;
      token.close();
      throw unmapped(
        client,
        `system accounts (uid below ${firstUserUid}) are accepted only if options.mapUser returns them`,
      );
    });
  }
}

function tokenFor(client: string, name: string | null): Promise<Token> {
  if (name !== null) return Token.forUser(name);
  return Promise.reject(unmapped(client, 'neither the default rule nor options.mapUser returns an account'));
}

function withCredential(account: Token, credential: number): Token {
  try {
    return new Token(internal, native.withCredential(account.openId(), credential));
  } finally {
    account.close();
  }
}

/**
 * Returns how clients are authenticated by GSSAPI: gss_accept_sec_context with a keytab, and the replay cache of the
 * process's user. Throws for options that GSSAPI does not have.
 */
export function gssapiAcceptance(options: AcceptorOptions): Acceptance {
  const { package: name, principal = 'HTTP', allowAnonymous, mapUser } = options;
  if (name === 'NTLM' || allowAnonymous) {
    throw new ImpersonationError(
      "On Linux clients authenticate with Kerberos only: set options.package to 'Negotiate' or 'Kerberos', and leave " +
        'allowAnonymous out',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
  if (!isServiceName(principal)) {
    throw wrongValue('options.principal', 'must be a service such as HTTP, or HTTP@host for a single host');
  }
  if (options.constrainedDelegation && options.keytab === undefined) {
    throw wrongValue('options.keytab', 'must be set together with options.constrainedDelegation');
  }
  return new GssapiAcceptance(name === 'Negotiate', principal, mapUser);
}
