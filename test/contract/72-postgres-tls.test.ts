import type { TLSSocket } from 'node:tls';
import pg from 'pg';
import postgres from 'postgres';
import { gssStream, type GssStreamOptions } from 'impersonate/postgres';
import { rejected } from '../support/errors';
import { cert as ca, key } from '../support/network/certificate';
import { TestClientNegotiator } from '../support/network/client-negotiator';
import {
  oneMessage,
  request,
  TestPostgres,
  type PostgresClient,
  type PostgresOptions,
} from '../support/network/postgres';
import { world } from '../support/world/world';

const query = 'select current_user as who';
const first = `${world.serviceId} to postgres/localhost`;
interface Row {
  who: string;
}
type Tls = GssStreamOptions['tls'];

async function withPg(
  port: number,
  config: pg.ClientConfig & { sslnegotiation?: 'direct' },
  tls: Tls,
): Promise<string | undefined> {
  const stream = gssStream({ negotiator: new TestClientNegotiator(), ...(tls !== undefined && { tls }) });
  const client = new pg.Client({ host: 'localhost', port, user: 'u', ...config, stream });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Row>(query)).rows[0]?.who;
  } finally {
    await client.end();
  }
}

async function withPostgresJs(port: number, ssl: object | undefined, tls: Tls): Promise<string | undefined> {
  const socket = gssStream({ negotiator: new TestClientNegotiator(), ...(tls !== undefined && { tls }) });
  const common = { host: 'localhost', port, user: 'u', max: 1, fetch_types: false };
  const sql = postgres({ ...common, ...(ssl && { ssl }), ...({ socket } as object) });
  try {
    return (await sql.unsafe<Row[]>(query))[0]?.who;
  } finally {
    await sql.end();
  }
}

type Connect = (port: number, tls: Tls) => Promise<string | undefined>;
const ways: [string, Connect][] = [
  ['ssl of node-postgres', (port, tls) => withPg(port, { ssl: tls }, undefined)],
  ['tls with node-postgres', (port, tls) => withPg(port, {}, tls)],
  ['both with node-postgres', (port, tls) => withPg(port, { ssl: true }, tls)],
  ['tls with postgres.js', (port, tls) => withPostgresJs(port, undefined, tls)],
];

describe.each(ways)('%s', (_, connect) => {
  /** The outcome, and what the server could read. */
  const attempt = async (options: PostgresOptions, tls: Tls): Promise<[unknown, string]> => {
    using server = await TestPostgres.start(options);
    const error = await rejected(connect(server.port, tls));
    return [error.code ?? error.message, server.clients.map(({ startup }) => startup).join()];
  };

  test('encrypts the connection, and authenticates within it', async () => {
    using server = await TestPostgres.start({ ssl: 'S', chunk: 50 });
    expect(await connect(server.port, { ca })).toBe(first);
    expect(server.clients[0]?.socket).toHaveProperty('encrypted', true);
  });

  test('verifies the certificate', async () => {
    expect(await attempt({ ssl: 'S' }, true)).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT', '']);
    const elsewhere = { ca, servername: 'elsewhere.example', checkServerIdentity: () => new Error('no') };
    expect(await attempt({ ssl: 'S' }, elsewhere)).toEqual(['no', '']);
  });

  test('rejects a server without TLS', async () => {
    expect(await attempt({ ssl: 'N' }, { ca })).toEqual(['ERR_POSTGRES_TLS_REFUSED', '']);
    expect(await attempt({ ssl: 'E' }, { ca })).toEqual(['ERR_POSTGRES_TLS_REFUSED', '']);
  });

  test('rejects unencrypted bytes before TLS begins', async () => {
    const stuffed = `S${request(0).toString('latin1')}`;
    expect(await attempt({ ssl: stuffed }, { ca })).toEqual(['ERR_POSTGRES_PROTOCOL', '']);
  });

  test('rejects a server that does not prove its identity by more than its certificate', async () => {
    const authenticate = async (client: { write(bytes: Buffer): Promise<void> }): Promise<string> => {
      await client.write(request(0));
      return '';
    };
    const [code] = await attempt({ ssl: 'S', authenticate }, { ca });
    expect(code).toBe('ERR_SERVER_UNPROVEN');
  });
});

test('encrypts as node-postgres asks, whatever its option tls is, with the certificate of the client', async () => {
  let subject: string | string[] | undefined;
  const authenticate = (client: PostgresClient): Promise<string> => {
    subject = (client.socket as unknown as Pick<TLSSocket, 'getPeerCertificate'>).getPeerCertificate().subject
      .CN;
    return oneMessage(client);
  };
  using server = await TestPostgres.start({ ssl: 'S', authenticate });
  const ssl = { ca, key, cert: ca };
  expect(await withPg(server.port, { ssl }, false)).toBe(first);
  expect(subject).toBe('localhost');
});

test('begins TLS at once with sslnegotiation=direct of node-postgres', async () => {
  using server = await TestPostgres.start({ isDirect: true });
  const config = { ssl: { ca }, sslnegotiation: 'direct' as const };
  expect(await withPg(server.port, config, undefined)).toBe(first);
  expect(server.clients[0]?.socket).toHaveProperty('alpnProtocol', 'postgresql');
});

test('rejects ssl of postgres.js, which encrypts what the stream has to read', async () => {
  using server = await TestPostgres.start({ ssl: 'S' });
  const error = await rejected(withPostgresJs(server.port, { ca }, undefined));
  expect([error.code, error.message]).toEqual([
    'ERR_INVALID_ARG_VALUE',
    expect.stringContaining('set options.tls of gssStream()'),
  ]);
  expect(server.clients.length).toBe(0);
});
