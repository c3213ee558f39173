import { asProcess } from '../internal/flow-store';
import { ImpersonationError } from '../internal/error';
import { Token } from '../token/token';
import { wrongValue } from '../internal/validate';
import type { AcceptResult, Acceptor, AcceptorContext, AcceptorOptions, MapUser } from './acceptor';
import { isService, isServiceName, kerberos, localAccount, type KerberosServer } from './kerberos';

/** The OIDs of the mechanisms, as the first message of a client contains them (RFC 2743, 3.1): DER in hexadecimal. */
const spnego = '06062b0601050502';
const krb5 = '06092a864886f712010202';
const mechanisms = { Negotiate: [spnego, krb5], Kerberos: [krb5] };

/**
 * The first uid of ordinary accounts (UID_MIN). System accounts have customary names, and a realm may have unrelated
 * users of the same names, such as `postgres` or `root`.
 */
const firstUserUid = 1000;

/** What an established security context reports. */
interface Established {
  readonly client: string;
  readonly server: string;
  readonly reply: Buffer | undefined;
}

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

/** Whether a client's first message is for that mechanism: the OID follows the tag and the length. */
function isMechanism(message: Buffer, oid: string): boolean {
  const length = message[1] ?? 0;
  const start = 2 + (length > 0x80 ? length - 0x80 : 0);
  return message[0] === 0x60 && message.toString('hex', start, start + oid.length / 2) === oid;
}

/** A client's security context. It accepts a single message: Kerberos needs no second one. */
class GssapiContext implements AcceptorContext {
  readonly #mechanisms: readonly string[];
  readonly #service: string;
  readonly #mapUser: MapUser | undefined;

  constructor(oids: readonly string[], service: string, mapUser: MapUser | undefined) {
    this.#mechanisms = oids;
    this.#service = service;
    this.#mapUser = mapUser;
  }

  accept(message: Buffer): Promise<AcceptResult> {
    if (!this.#mechanisms.some((oid) => isMechanism(message, oid))) {
      return Promise.reject(
        refused(
          'the message is not of a mechanism that this server accepts, SPNEGO or Kerberos as options.package has it',
        ),
      );
    }
    return this.#establish(message).then((context) =>
      this.#tokenOf(context).then((token) => ({ done: true, reply: context.reply, token })),
    );
  }

  close(): void {
    // Nothing to release: the package frees the security context with its object.
  }

  /** Runs as the process, which owns the keytab and the replay cache. */
  #establish(message: Buffer): Promise<Established> {
    return asProcess(() =>
      kerberos()
        .initializeServer('')
        .then((server) => server.step(message.toString('base64')).then(() => this.#readContext(server)))
        .catch((error: unknown) => {
          throw error instanceof ImpersonationError ? error : refused((error as Error).message);
        }),
    );
  }

  /**
   * Reads the result of an established context. The server was made without a service name, so GSSAPI reports whose key
   * decrypted the ticket; if several names have the same key, as those of one Active Directory account, it reports the
   * first of the keytab. `targetName` is set only for an established context, while `contextComplete` may be true for
   * others.
   */
  #readContext({
    username: client,
    targetName: server,
    response,
    contextComplete,
  }: KerberosServer): Established {
    if (!contextComplete || !client || !server)
      throw refused('the first message does not complete the handshake');
    if (!isService(server, this.#service)) {
      throw refused(
        `the key that decrypts its ticket belongs to ${server}, and options.principal is ${this.#service}`,
      );
    }
    return { client, server, reply: response ? Buffer.from(response, 'base64') : undefined };
  }

  #tokenOf({ client, server }: Established): Promise<Token> {
    const mapUser = this.#mapUser;
    if (mapUser) return Promise.resolve(mapUser(client)).then((name) => tokenFor(client, name));
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

/**
 * Authenticates clients by GSSAPI, through the package `kerberos`: gss_acquire_cred and gss_accept_sec_context for each
 * client, with the keytab that KRB5_KTNAME names, and the replay cache of the process's user.
 */
export function gssapiAcceptor(options: AcceptorOptions): Acceptor {
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
  asProcess(kerberos);
  return { begin: () => new GssapiContext(mechanisms[name], principal, mapUser), close: () => {} };
}
