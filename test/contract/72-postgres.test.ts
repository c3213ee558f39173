import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import postgres from 'postgres';
import { gssStream, type GssStreamOptions } from 'impersonate/postgres';
import { until } from '../support/children/progress';
import { caught, rejected } from '../support/errors';
import { TestClientNegotiator } from '../support/network/client-negotiator';
import {
  errorResponse,
  message,
  oneMessage,
  request,
  TestPostgres,
  type PostgresClient,
  type PostgresOptions,
} from '../support/network/postgres';
import { world } from '../support/world/world';

const query = 'select current_user as who';
const [gss, gssContinue, sspi] = [7, 8, 9];

interface Row {
  who: string;
}
type Connect = (port: number, options: GssStreamOptions) => Promise<string | undefined>;

async function withPg(port: number, options: GssStreamOptions): Promise<string | undefined> {
  const client = new pg.Client({ host: 'localhost', port, user: 'u', stream: gssStream(options) });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Row>(query)).rows[0]?.who;
  } finally {
    await client.end();
  }
}

async function withPostgresJs(port: number, options: GssStreamOptions): Promise<string | undefined> {
  const config = {
    host: 'localhost',
    port,
    user: 'u',
    max: 1,
    fetch_types: false,
    onnotice: () => {},
    socket: gssStream(options),
  };
  const sql = postgres(config);
  try {
    return (await sql.unsafe<Row[]>(query))[0]?.who;
  } finally {
    await sql.end();
  }
}

/** Authenticates in three messages of the client. */
async function threeMessages(client: PostgresClient): Promise<string> {
  await client.write(request(gss));
  const answers = [await client.answer()];
  await client.write(request(gssContinue, 'more'));
  answers.push(await client.answer());
  await client.write(request(gssContinue, 'proof, answer'));
  answers.push(await client.answer());
  await client.write(request(0));
  return answers.join();
}

const notice = message('N', 'SNOTICE\0VNOTICE\0C00000\0Mhello\0', Buffer.alloc(1));

const sending = (...messages: Buffer[]): PostgresOptions => ({
  authenticate: async (client) => {
    await client.write(...messages);
    return '';
  },
});

describe.each<[string, Connect]>([
  ['node-postgres', withPg],
  ['postgres.js', withPostgresJs],
])('%s', (_, connect) => {
  const negotiator = new TestClientNegotiator();
  const service = world.serviceId;
  afterEach(() => {
    expect(negotiator.open.size).toBe(0);
    negotiator.begun.length = 0;
    negotiator.stepped = undefined;
    negotiator.delay = Promise.resolve();
  });

  const outcome = async (options: PostgresOptions): Promise<string | undefined> => {
    using server = await TestPostgres.start(options);
    return await connect(server.port, { negotiator });
  };
  const failure = async (options: PostgresOptions): Promise<unknown> =>
    (await rejected(outcome(options))).code;

  test('authenticates by GSSAPI, or SSPI, in one message', async () => {
    const first = `${service} to postgres/localhost`;
    expect(await outcome({})).toBe(first);
    expect(await outcome({ authenticate: (client) => oneMessage(client, sspi) })).toBe(first);
    expect(negotiator.begun).toEqual(Array(2).fill({ target: 'postgres/localhost' }));
  });

  test('authenticates in several messages', async () => {
    const all = `${service} to postgres/localhost,and ${service},answer`;
    expect(await outcome({ authenticate: threeMessages })).toBe(all);
  });

  test.each([1, 2, 3, 7])('reads messages that arrive %i bytes at a time', async (chunk) => {
    const all = `${service} to postgres/localhost,and ${service},answer`;
    expect(await outcome({ authenticate: threeMessages, chunk })).toBe(all);
  });

  test('reads the request, the reply and all that follows in one piece', async () => {
    const early = [request(gss), request(gssContinue, 'more'), request(gssContinue, 'proof'), request(0)];
    const authenticate = async (client: PostgresClient): Promise<string> => {
      await client.write(notice, ...early);
      return `${await client.answer()},${await client.answer()}`;
    };
    const all = `${service} to postgres/localhost,and ${service}`;
    expect(await outcome({ authenticate })).toBe(all);
  });

  test('asks for the given service, and delegates on request', async () => {
    using server = await TestPostgres.start();
    const options = { negotiator, target: 'pg/db.example', delegate: true };
    expect(await connect(server.port, options)).toBe(`${service} to pg/db.example`);
    expect(negotiator.begun).toEqual([{ target: 'pg/db.example', delegate: true }]);
  });

  test('rejects a server that has not proved its identity', async () => {
    expect(await failure(sending(request(0)))).toBe('ERR_SERVER_UNPROVEN');
    const halfWay = async (client: PostgresClient): Promise<string> => {
      await client.write(request(gss));
      await client.answer();
      await client.write(request(0));
      return '';
    };
    expect(await failure({ authenticate: halfWay })).toBe('ERR_SERVER_UNPROVEN');
    expect(await failure(sending(request(gss), request(0)))).toBe('ERR_SERVER_UNPROVEN');
  });

  test.each([
    ['a password', request(3)],
    ['a password as MD5', request(5, 'salt')],
    ['SCRAM', request(10, 'SCRAM-SHA-256\0\0')],
  ])('rejects a server that asks for %s', async (_name, asked) => {
    expect(await failure(sending(asked))).toBe('ERR_POSTGRES_PASSWORD_REQUESTED');
    const later = sending(request(gss), request(gssContinue, 'proof'), asked);
    expect(await failure(later)).toBe('ERR_POSTGRES_PASSWORD_REQUESTED');
  });

  const [reply, first] = [request(gssContinue, 'proof'), request(gss)];
  test.each([
    ['an oversized message', message('R', gss, Buffer.alloc(65_536)), '65544 bytes'],
    ['a length beyond all memory', Buffer.from([0x52, 0xff, 0xff, 0xff, 0xff]), '4294967295 bytes'],
    ['a request without a code', message('R', 'no'), '6 bytes'],
    ['an oversized error', message('E', Buffer.alloc(70_000)), '70004 bytes'],
    ['data', message('D', Buffer.alloc(2)), 'type 0x44'],
    ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n'), 'type 0x48'],
    ['a reply without a request', reply, 'outside of the handshake'],
    ['a second request', Buffer.concat([first, first]), 'a second request'],
    ['a reply after the last', Buffer.concat([first, reply, reply]), 'outside of the handshake'],
  ])('rejects %s before the server has authenticated', async (_name, bytes, text) => {
    const error = await rejected(outcome(sending(bytes)));
    expect([error.code, error.message]).toEqual(['ERR_POSTGRES_PROTOCOL', expect.stringContaining(text)]);
  });

  test('reads a message of the largest size', async () => {
    let size = 0;
    negotiator.stepped = (challenge) => (size = Math.max(size, challenge.length));
    const large = sending(request(gss), request(gssContinue, Buffer.alloc(65_535, 'm')));
    expect((await rejected(outcome(large))).message).toMatch(/^no challenge: m+$/);
    expect(size).toBe(65_535);
  });

  test('reads no more while the handshake is busy', async () => {
    let go = (): void => {};
    negotiator.delay = new Promise((resolve) => (go = resolve));
    const flooding = async (client: PostgresClient): Promise<string> => {
      await client.write(notice, first);
      let written = 0;
      const piece = message('N', 'SNOTICE\0', Buffer.alloc(60_000, 'M'), Buffer.alloc(2));
      for (let count = 0; count < 1000; count++) client.socket.write(piece, () => (written += 1));
      let [last, still] = [-1, 0];
      while (still < 20) {
        await setTimeout(10);
        still = last === written ? still + 1 : 0;
        last = written;
      }
      go();
      await client.answer();
      await client.write(reply, request(0));
      return last < 1000 ? 'waits' : 'reads';
    };
    expect(await outcome({ authenticate: flooding })).toBe('waits');
  });

  test('delivers the error of the server', async () => {
    const refused = async (client: PostgresClient): Promise<string> => {
      await client.write(request(gss));
      await client.answer();
      await client.write(errorResponse('role "u" does not exist'));
      client.socket.end();
      return '';
    };
    const error = await rejected(outcome({ authenticate: refused }));
    expect([error.code, error.message]).toEqual(['28000', 'role "u" does not exist']);
  });

  test('delivers the error of a server that leaves while the handshake is busy', async () => {
    const refused = async (client: PostgresClient): Promise<string> => {
      await client.write(request(gss));
      await client.answer();
      negotiator.delay = once(client.socket, 'end').then(() => {});
      await client.write(request(gssContinue, 'proof'), errorResponse('role "u" does not exist'));
      client.socket.end();
      return new Promise(() => {});
    };
    expect((await rejected(outcome({ authenticate: refused }))).code).toBe('28000');
  });

  test('reports the error of the handshake, or of its begin', async () => {
    const wrong = sending(request(gss), request(gssContinue, 'wrong'));
    expect((await rejected(outcome(wrong))).message).toBe('no challenge: wrong');
    using server = await TestPostgres.start();
    const refusing = {
      scheme: 'Negotiate',
      handshake: () => {
        throw new Error('no credentials');
      },
    };
    expect((await rejected(connect(server.port, { negotiator: refusing }))).message).toBe('no credentials');
  });

  test('reports a server that is not there, or leaves', async () => {
    const server = await TestPostgres.start();
    const { port } = server;
    server[Symbol.dispose]();
    expect((await rejected(connect(port, { negotiator }))).code).toBe('ECONNREFUSED');
  });
});

describe('a connection of node-postgres', () => {
  test('shows the library AuthenticationOk alone', async () => {
    using server = await TestPostgres.start({ authenticate: threeMessages, chunk: 1 });
    const negotiator = new TestClientNegotiator();
    const stream = gssStream({ negotiator });
    const client = new pg.Client({ host: 'localhost', port: server.port, user: 'u', stream });
    const seen: string[] = [];
    const { connection } = client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('message', ({ name }: { name: string }) => seen.push(name));
    await client.connect();
    expect(seen).toEqual(['authenticationOk', 'parameterStatus', 'backendKeyData', 'readyForQuery']);
    await client.end();
  });

  test('closes the handshake when it is destroyed, and when its server leaves', async () => {
    using server = await TestPostgres.start();
    const negotiator = new TestClientNegotiator();
    negotiator.delay = new Promise(() => {});
    const make = gssStream({ negotiator });
    const connecting = async (): Promise<[pg.Client, Promise<unknown>]> => {
      const begun = negotiator.begun.length;
      const client = new pg.Client({ host: 'localhost', port: server.port, user: 'u', stream: make });
      client.on('error', () => {});
      const outcome = rejected(client.connect());
      await until(() => negotiator.begun.length > begun);
      return [client, outcome];
    };
    const [client, outcome] = await connecting();
    expect(negotiator.open.size).toBe(1);
    const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadWriteStream } }).connection;
    const closed = once(stream, 'close');
    (stream as unknown as { destroy(): void }).destroy();
    await closed;
    await outcome;
    expect(negotiator.open.size).toBe(0);
    const [, abandoned] = await connecting();
    server.clients.at(-1)?.socket.resetAndDestroy();
    await abandoned;
    expect(negotiator.open.size).toBe(0);
  });

  test('delivers all bytes once it is authenticated', async () => {
    using server = await TestPostgres.start();
    const stream = gssStream({ negotiator: new TestClientNegotiator() });
    const client = new pg.Client({ host: 'localhost', port: server.port, user: 'u', stream });
    await client.connect();
    const { stream: made } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } })
      .connection;
    const pieces: Buffer[] = [];
    made.on('data', (piece: Buffer) => pieces.push(piece));
    const large = Buffer.alloc(4_000_000, 'x').toString();
    server.clients[0]?.socket.write(message('A', 1, 'channel\0', `${large}\0`));
    const [notification] = (await once(client, 'notification')) as [{ payload: string }];
    expect(notification.payload === large).toBe(true);
    expect(pieces.reduce((sum, { length }) => sum + length, 0)).toBe(4_000_000 + 18);
    await client.end();
  });

  test('has no GSSAPI on Unix domain sockets', async () => {
    const stream = gssStream({ negotiator: new TestClientNegotiator() });
    const client = new pg.Client({ host: '/run/postgresql', user: 'u', stream });
    client.on('error', () => {});
    expect((await rejected(client.connect())).message).toMatch(/Unix domain sockets/);
  });
});

test('validates its options', () => {
  const negotiator = new TestClientNegotiator();
  const wrong: [unknown, string, RegExp][] = [
    [undefined, 'ERR_INVALID_ARG_TYPE', /"options"/],
    [{}, 'ERR_INVALID_ARG_TYPE', /"options.negotiator"/],
    [{ negotiator: {} }, 'ERR_INVALID_ARG_TYPE', /"options.negotiator"/],
    [{ negotiator, target: '' }, 'ERR_INVALID_ARG_VALUE', /"options.target"/],
    [{ negotiator, delegate: 1 }, 'ERR_INVALID_ARG_TYPE', /"options.delegate"/],
    [{ negotiator, tls: 'require' }, 'ERR_INVALID_ARG_TYPE', /"options.tls"/],
    [{ negotiator, service: 'postgres' }, 'ERR_INVALID_ARG_VALUE', /"options.service"/],
  ];
  for (const [options, code, text] of wrong) {
    const error = caught(() => gssStream(options as GssStreamOptions));
    expect([error.code, text.test(error.message)]).toEqual([code, true]);
  }
});
