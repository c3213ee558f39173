import type { Duplex } from 'node:stream';
import { wrongValue } from '../internal/validate';
import { toSettings, toTls, type GssStreamOptions } from './options';
import { Owner } from './owner';
import { GssSocket } from './stream';

/** What node-postgres and postgres.js pass to the function: their options, of which the function is one. */
interface LibraryOptions {
  readonly stream?: unknown;
  readonly socket?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
  readonly sslNegotiation?: unknown;
  ssl?: unknown;
}

/** The connection object of node-postgres. */
interface PgConnection {
  emit(event: 'sslconnect'): unknown;
}

/**
 * Makes the connections of a library: the option `stream` of a `Client` or `Pool` of node-postgres, or `socket` of
 * postgres.js.
 *
 * @param options - What the library passes.
 * @returns A stream; for postgres.js one that is connecting.
 * @example
 * const stream: MakeConnection = gssStream({ negotiator: new NegotiateClient() });
 */
export type MakeConnection = (this: unknown, options?: object) => Duplex;

/** Returns the server that postgres.js connects to. A function in its option `socket` is not told which of several. */
function serverOf({ host, port, path, ssl }: LibraryOptions): { host: string; port: number } {
  if (path) throw wrongValue('host', 'must be a host: PostgreSQL has no GSSAPI on Unix domain sockets');
  if (ssl) throw wrongValue('ssl', 'must not be set for postgres.js: set options.tls of gssStream()');
  const [hosts, ports] = [host, port] as [readonly string[], readonly number[]];
  if (hosts.length !== 1) throw wrongValue('host', 'must be a single host');
  return { host: hosts[0] as string, port: ports[0] as number };
}

/**
 * Returns a function that makes connections to a PostgreSQL server which authenticate by GSSAPI or SSPI, as the effective
 * identity where `gssStream()` is called. Set it as `stream` of a `Client` or `Pool` of node-postgres (`pg`), or as
 * `socket` of postgres.js. The connections keep the identity's token open.
 *
 * The server must prove its identity, and no other method of authentication is accepted. A connection that code of another
 * user writes to is closed with `ERR_IDENTITY_CONFLICT`: give each user a pool, as `UserPools` does.
 *
 * The connection's errors are those of the library, which emits them or rejects with them: `ERR_SERVER_UNPROVEN`,
 * `ERR_POSTGRES_PASSWORD_REQUESTED`, `ERR_POSTGRES_PROTOCOL`, `ERR_POSTGRES_TLS_REFUSED`, `ERR_IDENTITY_CONFLICT`, those
 * of the negotiator, and those of node:net and node:tls.
 *
 * @param options - The negotiator, and how to connect.
 * @returns The function.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE`.
 * @throws ImpersonationError `ERR_IDENTITY_CONFLICT`.
 * @example
 * import pg from 'pg';
 * await token.run(async () => {
 *   const stream = gssStream({ negotiator: new NegotiateClient() });
 *   const client = new pg.Client({ host: 'db.example.com', user: 'alice', database: 'sales', stream });
 *   await client.connect();
 *   await client.end();
 * });
 */
export function gssStream(options: GssStreamOptions): MakeConnection {
  const settings = toSettings(options);
  const owner = new Owner();
  return function makeConnection(this: unknown, given = {}) {
    const library = given as LibraryOptions;
    if (library.socket === makeConnection) {
      const { host, port } = serverOf(library);
      const encryption = settings.tls ? { options: settings.tls, isDirect: false } : undefined;
      return new GssSocket({ settings, owner, encryption, secured: undefined }).connect(port, host);
    }
    const { ssl = false } = library;
    const tls = settings.tls || toTls(ssl, 'ssl');
    const encryption = tls ? { options: tls, isDirect: library.sslNegotiation === 'direct' } : undefined;
    if (!ssl) return new GssSocket({ settings, owner, encryption, secured: undefined });
    // The stream has to read the messages, so it encrypts them itself. The connection reads this option later.
    library.ssl = false;
    const secured = (): void => void (this as PgConnection).emit('sslconnect');
    return new GssSocket({ settings, owner, encryption, secured });
  };
}
