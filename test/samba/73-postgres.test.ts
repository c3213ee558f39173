import { logOn, type DomainUser } from './clients';
import { linesOf } from '../support/children/child';
import { postgresProduct, product } from '../support/paths';

const users = ['imp-alice', 'imp-bob'] as const;
const database = { host: 'db.impersonate.test', port: 5432, database: 'postgres' };
const query =
  'select current_user::text as who, principal from pg_stat_gssapi where pid = pg_backend_pid() and gss_authenticated';

const required = (path: string): string => `require(${JSON.stringify(path)})`;
const libraries = {
  'node-postgres': `
    const client = new (${required(require.resolve('pg'))}).Client({ ...config, stream: gssStream(options) });
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query(query);
    await client.end();
    return rows;`,
  'postgres.js': `
    const sql = ${required(require.resolve('postgres'))}({ ...config, max: 1, socket: gssStream(options) });
    try { return await sql.unsafe(query); } finally { await sql.end(); }`,
};

/** The row that the database returns to a process with the tickets of `tickets`, or the error's code. */
async function outcome(
  library: keyof typeof libraries,
  tickets: string,
  user: string,
  options: object = {},
): Promise<unknown> {
  const source = `
    const { NegotiateClient } = ${required(product)};
    const { gssStream } = ${required(postgresProduct)};
    const [config, given, query] = ${JSON.stringify([{ ...database, user }, options, query])};
    const options = { negotiator: new NegotiateClient(), ...given };
    const rows = async () => {${libraries[library]}};
    rows().then(([row]) => row, ({ code, message }) => ({ code, message })).then((result) => console.log(JSON.stringify(result)));`;
  const [line = ''] = await linesOf(
    source,
    { env: { ...process.env, KRB5CCNAME: `FILE:/run/tickets/${tickets}` } },
    'bare',
  );
  return JSON.parse(line);
}

beforeAll(() => {
  for (const user of [...users, 'administrator'] as DomainUser[]) logOn(user);
});

describe.each(Object.keys(libraries) as (keyof typeof libraries)[])('PostgreSQL by %s', (library) => {
  test.each(users)('knows the user of the tickets: %s', async (user) => {
    const principal = `${user}@IMPERSONATE.TEST`;
    expect(await outcome(library, user, user)).toEqual({ who: user, principal });
  });

  test('rejects another role than that of the user, and a user without a role', async () => {
    expect(await outcome(library, 'imp-alice', 'imp-bob')).toMatchObject({ code: '28000' });
    expect(await outcome(library, 'administrator', 'administrator')).toMatchObject({
      code: '28000',
      message: 'role "administrator" does not exist',
    });
  });

  test('rejects a ticket for another service', async () => {
    const target = 'HTTP/backend.impersonate.test';
    expect(await outcome(library, 'imp-alice', 'imp-alice', { target })).toMatchObject({
      code: 'ERR_HANDSHAKE_REFUSED',
    });
    const unknown = 'postgres/nowhere.impersonate.test';
    expect(await outcome(library, 'imp-alice', 'imp-alice', { target: unknown })).toMatchObject({
      code: 'KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN',
    });
  });

  test('rejects a client without tickets', async () => {
    const { code } = (await outcome(library, 'nobody', 'imp-alice')) as { code: string };
    expect(code).toMatch(/^KRB5_(CC_NOTFOUND|FCC_NOFILE)$/);
  });
});
