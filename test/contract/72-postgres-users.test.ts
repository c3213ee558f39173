import { linesOf } from '../support/children/child';
import { postgresProduct, product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const required = (path: string): string => `require(${JSON.stringify(require.resolve(path))})`;

/**
 * server: a server whose queries return who has authenticated. pools: pools for each user, of node-postgres or postgres.js.
 * whoIs: the user of a result. as: runs a function in the flow of a user.
 */
const setup = (library: string): string => `
  const { setTimeout: sleep, setImmediate: turn } = require('node:timers/promises');
  const pg = ${required('pg')};
  const postgres = ${required('postgres')};
  const { withoutToken } = require(${JSON.stringify(product)});
  const { UserPools, gssStream } = require(${JSON.stringify(postgresProduct)});
  const { TestClientNegotiator } = ${required('../support/network/client-negotiator')};
  const { TestPostgres } = ${required('../support/network/postgres')};
  const negotiator = new TestClientNegotiator();
  const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
  const as = (who, fn) => tokens[who].run(fn);
  const names = { [world.alice.id]: 'alice', [world.bob.id]: 'bob', [world.serviceId]: 'service' };
  const whoIs = ([{ who }]) => names[who.split(' ')[0]];
  const text = 'select current_user as who';
  const common = (server) => ({ host: 'localhost', port: server.port, user: 'u' });
  const libraries = {
    pg: {
      make: (server, max = 2) => {
        const pool = new pg.Pool({ ...common(server), max, stream: gssStream({ negotiator }) });
        return pool.on('error', () => {});
      },
      query: (pool) => pool.query(text).then(({ rows }) => whoIs(rows)),
    },
    postgres: {
      make: (server, max = 2) =>
        postgres({ ...common(server), max, fetch_types: false, backoff: 0, socket: gssStream({ negotiator }) }),
      query: (sql) => sql.unsafe(text).then(whoIs),
    },
  };
  const { make, query } = libraries.${library};
  const outcome = (promise) => promise.then((value) => value, ({ code }) => code);
  const server = await TestPostgres.start();
`;

describe.each(['pg', 'postgres'])('%s', (library) => {
  const lines = (source: string): Promise<string[]> =>
    linesOf(`${setup(library)}${source}\nserver.stop();\nprint('open ' + negotiator.open.size);`);

  describeSwitching('connections', () => {
    test('are those of the user, however the work of two users interleaves', async () => {
      const printed = await lines(`
        const pools = new UserPools(() => make(server), { end: (pool) => pool.end() });
        const wrong = [];
        const work = async (who) => {
          for (let round = 0; round < 20; round++) {
            const found = await query(pools.get());
            if (found !== who) wrong.push(who + ' got ' + found);
            await turn();
          }
        };
        await Promise.all(['alice', 'bob', 'alice', 'bob', 'alice'].map((who) => as(who, () => work(who))));
        print(wrong.join() + ' ' + pools.size + ' ' + (server.clients.length <= 4) + ' ' + server.queries.length);
        await pools.close();
        print(pools.size);`);
      expect(printed).toEqual([' 2 true 100', '0', 'open 0']);
    });

    test('serve no other user, and no user if they are those of the process', async () => {
      const printed = await lines(`
        const pool = await as('alice', async () => {
          const made = make(server, 1);
          print(await query(made));
          return made;
        });
        print(await as('bob', () => outcome(query(pool))));
        print(await as('alice', () => outcome(query(pool))));
        print(await outcome(query(pool)));
        const own = make(server, 1);
        print(await query(own));
        print(await as('alice', () => outcome(query(own))));
        print(await as('alice', () => withoutToken(() => outcome(query(own)))));
        print(server.queries.length);
        await pool.end();
        await own.end();`);
      const conflict = 'ERR_IDENTITY_CONFLICT';
      expect(printed).toEqual([
        ...['alice', conflict, 'alice', 'alice', 'service', conflict, 'service', '5', 'open 0'],
      ]);
    });

    test('are made again for the user who made the pool, wherever the need arises', async () => {
      const printed = await lines(`
        const pool = await as('alice', () => make(server, 1));
        tokens.alice.close();
        print(await query(pool));
        server.clients[0].socket.resetAndDestroy();
        await sleep(50);
        print(await query(pool) + ' ' + server.clients.length);
        await pool.end();`);
      expect(printed).toEqual(['alice', 'alice 2', 'open 0']);
    });
  });
});

describeSwitching('node-postgres', () => {
  test('calls back as the user, in a scope too', async () => {
    const printed = await linesOf(`${setup('pg')}
      const me = () => names[Token.current().user.id];
      const client = await as('alice', async () => {
        const made = new pg.Client({ ...common(server), stream: gssStream({ negotiator }) });
        await made.connect();
        await new Promise((resolve) => made.query(text, () => resolve(print(me()))));
        made.on('notification', () => print('event ' + me()));
        return made;
      });
      const ended = new Promise((resolve) => client.once('end', resolve));
      const { message } = ${required('../support/network/postgres')};
      server.clients[0].socket.write(message('A', 1, 'channel\\0', 'payload\\0'));
      await as('alice', () => client.query(text));
      await client.end();
      await ended;
      const scope = tokens.bob.impersonate();
      const stream = gssStream({ negotiator });
      scope.revert();
      const other = new pg.Client({ ...common(server), stream });
      await other.connect();
      print((await other.query(text).then(({ rows }) => whoIs(rows))));
      await other.end();
      server.stop();`);
    expect(printed).toEqual(['alice', 'event alice', 'bob']);
  });
});

describeSwitching('UserPools', () => {
  test('makes a pool for each user, as the user, and needs one', async () => {
    const printed = await linesOf(`${setup('pg')}
      const made = [];
      const pools = new UserPools((token) => made.push(names[token.user.id] + ' ' + (Token.current().user.id === token.user.id)), { end() {} });
      as('alice', () => pools.get());
      as('bob', () => pools.get());
      const again = await world.alice.token();
      print(again.run(() => pools.get()) + ' ' + again.runSync(() => pools.get()) + ' ' + made.join());
      again.close();
      try { pools.get(); } catch ({ code }) { print(code); }
      print(pools.size);
      await pools.close();
      server.stop();`);
    expect(printed).toEqual(['1 1 alice true,bob true', 'ERR_NO_TOKEN', '2']);
  });

  test('ends a pool that is not used, as the process', async () => {
    const printed = await linesOf(`${setup('pg')}
      const ended = [];
      let all;
      const both = new Promise((resolve) => (all = resolve));
      const pools = new UserPools((token) => names[token.user.id], {
        idleTimeout: 20,
        end: (pool) => ended.push(pool + ' as ' + names[Token.current().user.id]) === 2 && all(),
      });
      as('alice', () => pools.get());
      as('bob', () => pools.get());
      const alive = setInterval(() => {}, 1000);
      await both;
      clearInterval(alive);
      print(ended.sort().join() + ' ' + pools.size);
      server.stop();`);
    expect(printed).toEqual(['alice as service,bob as service 0']);
  });

  test('ends all pools as the process, whoever closes them', async () => {
    const printed = await linesOf(`${setup('pg')}
      const end = (pool) => print(pool + ' as ' + names[Token.current().user.id]);
      const pools = new UserPools((token) => names[token.user.id], { end });
      as('alice', () => pools.get());
      await as('alice', () => pools.close());
      print(pools.size);
      server.stop();`);
    expect(printed).toEqual(['alice as service', '0']);
  });

  test('reports the error of an end', async () => {
    const printed = await linesOf(`${setup('pg')}
      let ends = 0;
      const end = async () => { ends++; if (ends === 1) throw new Error('in use'); };
      const pools = new UserPools(() => ({}), { end });
      as('alice', () => pools.get());
      as('bob', () => pools.get());
      await pools.close().catch(({ message }) => print(message + ' ' + ends));
      for (const wrong of [[], [() => {}], [() => {}, {}], [() => {}, { end() {}, idleTimeout: 0 }], [() => {}, { end() {}, max: 1 }]]) {
        try { new UserPools(...wrong); } catch ({ code }) { print(code); }
      }
      server.stop();`);
    const [type, value] = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE'];
    expect(printed).toEqual(['in use 2', type, type, type, value, value]);
  });
});
