import { asProcess } from '../internal/flow-store';
import { ImpersonationError } from '../internal/error';
import { Token } from '../token/token';
import { wrongValue } from '../internal/validate';
import type { Accepted, Acceptor, AcceptorContext, AcceptorOptions, MapUser } from './acceptor';
import { isService, isServiceName, kerberos, localAccount, type KerberosServer } from './kerberos';

/** How a leg with which a client begins is marked (RFC 2743, 3.1): the mechanism's OID, DER, in hexadecimal. */
const spnego = '06062b0601050502';
const krb5 = '06092a864886f712010202';
const mechanisms = { Negotiate: [spnego, krb5], Kerberos: [krb5] };

/**
 * The first uid that is a person's (UID_MIN). Accounts below have their names by custom, and a realm may have users
 * called `postgres` or `root` of whom this machine knows nothing.
 */
const firstUser = 1000;

interface Proof {
  readonly client: string;
  readonly server: string;
  readonly reply: Buffer | undefined;
}

function refused(reason: string): ImpersonationError {
  const message = `The client has not proven who it is: ${reason}`;
  return new ImpersonationError(message, 'ERR_HANDSHAKE_REFUSED', 0, 'gss_accept_sec_context');
}

function unmapped(client: string, reason: string): ImpersonationError {
  return new ImpersonationError(`${client} is no user here: ${reason}`, 'ERR_UNMAPPED_PRINCIPAL');
}

/** What stands behind the tag and the length of a first leg. */
function begins(leg: Buffer, oid: string): boolean {
  const length = leg[1] ?? 0;
  const start = 2 + (length > 0x80 ? length - 0x80 : 0);
  return leg[0] === 0x60 && leg.toString('hex', start, start + oid.length / 2) === oid;
}

/** The client's proof, which is over with its first leg: Kerberos needs no second one. */
class GssapiContext implements AcceptorContext {
  readonly #mechanisms: readonly string[];
  readonly #service: string;
  readonly #mapUser: MapUser | undefined;

  constructor(oids: readonly string[], service: string, mapUser: MapUser | undefined) {
    this.#mechanisms = oids;
    this.#service = service;
    this.#mapUser = mapUser;
  }

  accept(leg: Buffer): Promise<Accepted> {
    if (!this.#mechanisms.some((oid) => begins(leg, oid))) {
      return Promise.reject(refused('what it offers is neither SPNEGO nor Kerberos that this server takes'));
    }
    return this.#prove(leg).then((proof) =>
      this.#tokenOf(proof).then((token) => ({ done: true, reply: proof.reply, token })),
    );
  }

  close(): void {
    // Nothing is kept from one leg to the next: the security context goes with its object.
  }

  /** As the process: the package awaits, and the keytab and the replay cache are the process's. */
  #prove(leg: Buffer): Promise<Proof> {
    return asProcess(() =>
      kerberos()
        .initializeServer('')
        .then((server) => server.step(leg.toString('base64')).then(() => this.#proofOf(server)))
        .catch((error: unknown) => {
          throw error instanceof ImpersonationError ? error : refused((error as Error).message);
        }),
    );
  }

  /**
   * The server has asked for no key by name, so that GSSAPI says whose key has opened the ticket: of names with the same
   * key, as one account of Active Directory has them, the first of the keytab. It does so only of a context that is
   * established, as the package alone does not make sure of.
   */
  #proofOf({ username: client, targetName: server, response, contextComplete }: KerberosServer): Proof {
    if (!contextComplete || !client || !server) throw refused('it is not done with its first leg');
    if (!isService(server, this.#service)) {
      throw refused(`the key that opens its ticket is that of ${server}, and this is ${this.#service}`);
    }
    return { client, server, reply: response ? Buffer.from(response, 'base64') : undefined };
  }

  #tokenOf({ client, server }: Proof): Promise<Token> {
    const mapUser = this.#mapUser;
    if (mapUser) return Promise.resolve(mapUser(client)).then((name) => tokenFor(client, name));
    return tokenFor(client, localAccount(client, server)).then((token) => {
      if (Number(token.user.id) >= firstUser) return token;
      token.close();
      throw unmapped(
        client,
        'the accounts of the system are not taken over the network unless mapUser says so',
      );
    });
  }
}

function tokenFor(client: string, name: string | null): Promise<Token> {
  if (name !== null) return Token.forUser(name);
  return Promise.reject(unmapped(client, "no account of this machine is that principal's"));
}

/**
 * Asks GSSAPI, by the package `kerberos`: gss_acquire_cred and gss_accept_sec_context for each client, with the keytab
 * that KRB5_KTNAME names, and the replay cache of the process's user.
 */
export function gssapiAcceptor(options: AcceptorOptions): Acceptor {
  const { package: name, principal = 'HTTP', allowAnonymous, mapUser } = options;
  if (name === 'NTLM' || allowAnonymous) {
    throw new ImpersonationError(
      "On Linux clients prove themselves by Kerberos tickets alone: use the package 'Negotiate' or 'Kerberos', " +
        'without allowAnonymous',
      'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    );
  }
  if (!isServiceName(principal)) {
    throw wrongValue('options.principal', 'must be a service like HTTP, or HTTP@host for one host alone');
  }
  asProcess(kerberos);
  return { begin: () => new GssapiContext(mechanisms[name], principal, mapUser), close: () => {} };
}
