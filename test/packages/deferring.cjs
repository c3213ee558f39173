// The ways to hand work to packages that put it off. `make(package, probe)` returns a function that is called in a flow: it
// hands in work that calls `probe`, and resolves to what probe() has returned, once or in an array. probe() resolves to the
// user that it runs as.
'use strict';
const { createServer } = require('node:net');
const { Readable } = require('node:stream');

const soon = () => new Promise((done) => setTimeout(done, 5));
// Calls of `use` share what `make` resolves to after all of them have been made.
const settledLater = (make, use) => {
  const shared = make(soon());
  return () => use(shared);
};

/** Resolves to the port of a server that calls `answer` with each connection. */
const listening = (answer) =>
  new Promise((done) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      answer(socket);
    });
    server.listen(0, '127.0.0.1', () => done(server.address().port)).unref();
  });

/** As much of the protocol of PostgreSQL as queries without results need. */
function answerQueries(socket) {
  const ready = Buffer.from('Z\0\0\0\x05I', 'latin1');
  const complete = Buffer.from('C\0\0\0\x0dSELECT 0\0', 'latin1');
  const descriptions = {
    P: '1\0\0\0\x04',
    B: '2\0\0\0\x04',
    D: 'n\0\0\0\x04',
    E: complete.toString('latin1'),
  };
  let started = false;
  let rest = Buffer.alloc(0);
  socket.on('data', (part) => {
    rest = Buffer.concat([rest, part]);
    if (!started) {
      const length = rest.readInt32BE(0);
      if (rest.length < length) return;
      rest = rest.subarray(length);
      started = true;
      socket.write(Buffer.concat([Buffer.from('R\0\0\0\x08\0\0\0\0', 'latin1'), ready]));
    }
    while (rest.length >= 5 && rest.length > rest.readInt32BE(1)) {
      const type = String.fromCharCode(rest[0]);
      rest = rest.subarray(rest.readInt32BE(1) + 1);
      if (type === 'Q') socket.write(Buffer.concat([complete, ready]));
      else if (type === 'S') socket.write(ready);
      else if (descriptions[type]) socket.write(Buffer.from(descriptions[type], 'latin1'));
    }
  });
}

const postgres = async () => ({
  host: '127.0.0.1',
  port: await listening(answerQueries),
  user: 'user',
  database: 'database',
  ssl: false,
});

/** The protocol of MySQL as far as queries without results: greeting, and OK to everything. */
function answerMysql(socket) {
  const packet = (sequence, body) => {
    const head = Buffer.from([body.length & 255, body.length >> 8, 0, sequence]);
    socket.write(Buffer.concat([head, body]));
  };
  const salt = 'abcdefgh';
  const greeting = `\x0a5.7.0\0\x01\0\0\0${salt}\0\xff\xf7\x21\x02\0\x0f\x80\x15${'\0'.repeat(10)}ijklmnopqrst\0mysql_native_password\0`;
  packet(0, Buffer.from(greeting, 'latin1'));
  let rest = Buffer.alloc(0);
  socket.on('data', (part) => {
    rest = Buffer.concat([rest, part]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
      const sequence = rest[3];
      rest = rest.subarray(4 + rest.readUIntLE(0, 3));
      packet(sequence + 1, Buffer.from([0, 0, 0, 2, 0, 0, 0]));
    }
  });
}

const mysqlServer = async () => ({
  host: '127.0.0.1',
  port: await listening(answerMysql),
  user: 'user',
  password: 'x',
});

function answerMail(socket) {
  socket.write('220 ready\r\n');
  let body = false;
  let rest = '';
  socket.setEncoding('latin1').on('data', (part) => {
    const lines = (rest + part).split('\r\n');
    rest = lines.pop();
    for (const line of lines) {
      if (body && line !== '.') continue;
      const isData = line === 'DATA';
      body = isData;
      socket.write(isData ? '354 go on\r\n' : '250 ok\r\n');
    }
  });
}

function answerHttp(socket) {
  socket.setEncoding('latin1').on('data', (part) => {
    if (part.endsWith('0\r\n\r\n'))
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), 2);
  });
}

const asyncQueue = (make, push) => (async, probe) => {
  const queue = make(async, (_task, done) => void probe().then((user) => done(null, user)));
  return () => new Promise((done) => push(queue, async (_error, user) => done([user, await probe()])));
};

const ways = {
  bluebird: {
    packages: ['bluebird', 'bluebird-2'],
    ways: {
      then: (Promise, probe) => () => Promise.resolve().then(probe),
      'then of one promise': (Promise, probe) =>
        settledLater(
          (later) => Promise.resolve(later),
          (one) => one.then(probe),
        ),
      catch: (Promise, probe) => () => Promise.reject(new RangeError()).catch(RangeError, probe),
      finally: (Promise, probe) => () =>
        new globalThis.Promise((done) => Promise.resolve().finally(() => done(probe()))),
      delay: (Promise, probe) => () => Promise.delay(5).then(probe),
      map: (Promise, probe) =>
        settledLater(
          (later) => [Promise.resolve(later)],
          (list) => Promise.map(list, probe),
        ),
      'map of a promise': (Promise, probe) =>
        settledLater(
          (later) => Promise.resolve(later),
          (one) => Promise.all([one]).map(probe),
        ),
      each: (Promise, probe) =>
        settledLater(
          (later) => [Promise.resolve(later)],
          async (list) => {
            const users = [];
            await Promise.each(list, async () => void users.push(await probe()));
            return users;
          },
        ),
      reduce: (Promise, probe) =>
        settledLater(
          (later) => [1, Promise.resolve(later)],
          (list) => Promise.reduce(list, probe),
        ),
      filter: (Promise, probe) =>
        settledLater(
          (later) => [Promise.resolve(later)],
          async (list) => {
            let user;
            await Promise.filter(list, async () => (user = await probe()));
            return user;
          },
        ),
      join: (Promise, probe) =>
        settledLater(
          (later) => Promise.resolve(later),
          (one) => Promise.join(one, one, probe),
        ),
      spread: (Promise, probe) =>
        settledLater(
          (later) => Promise.resolve(later),
          (one) => Promise.all([one]).spread(probe),
        ),
      coroutine: (Promise, probe) =>
        settledLater(
          (later) => Promise.resolve(later),
          (one) =>
            Promise.coroutine(function* () {
              yield one;
              const first = yield probe();
              yield one;
              return [first, yield probe()];
            })(),
        ),
      nodeify: (Promise, probe) =>
        settledLater(
          (later) => Promise.resolve(later),
          (one) => new globalThis.Promise((done) => one.nodeify(() => done(probe()))),
        ),
      using: (Promise, probe) =>
        settledLater(
          (later) => Promise.resolve(later),
          async (one) => {
            let user;
            const resource = one.then(() => 'resource').disposer(async () => (user = await probe()));
            return [await Promise.using(resource, probe), user];
          },
        ),
      'another copy': (Promise, probe) => {
        if (!Promise.getNewLibraryCopy) return probe;
        const Copy = Promise.getNewLibraryCopy();
        return () => Copy.resolve().then(probe);
      },
    },
  },
  'async-lock': {
    packages: ['async-lock'],
    ways: {
      promise: (Lock, probe) => {
        const lock = new Lock();
        return () => lock.acquire('key', () => probe());
      },
      callback: (Lock, probe) => {
        const lock = new Lock();
        return () =>
          new Promise((done) =>
            lock.acquire(
              'key',
              (release) => void probe().then((user) => release(null, user)),
              async (_error, user) => done([user, await probe()]),
            ),
          );
      },
      'several keys': (Lock, probe) => {
        const lock = new Lock();
        return () => lock.acquire(['a', 'b'], () => probe());
      },
    },
  },
  'p-queue': {
    packages: ['p-queue-6', 'p-queue-7', 'p-queue-8', 'p-queue-9', 'p-queue-10'],
    ways: {
      add: ({ default: Queue }, probe) => {
        const queue = new Queue({ concurrency: 1 });
        return () => queue.add(probe);
      },
      'add to a paused queue': ({ default: Queue }, probe) => {
        const queue = new Queue({ concurrency: 2, autoStart: false });
        return () => {
          setTimeout(() => queue.start(), 5);
          return queue.add(probe, { priority: 1 });
        };
      },
      addAll: ({ default: Queue }, probe) => {
        const queue = new Queue({ concurrency: 1 });
        return () => queue.addAll([probe, probe]);
      },
      'at an interval': ({ default: Queue }, probe) => {
        const queue = new Queue({ interval: 2, intervalCap: 1 });
        return () => queue.add(probe);
      },
    },
  },
  'other queues': {
    packages: ['promise-queue', 'queue-6', 'queue-7'],
    ways: {
      'a queue': (exports, probe) => {
        const Queue = exports.default ?? exports;
        const queue = Queue.prototype.add ? new Queue(1) : new Queue({ concurrency: 1, autostart: true });
        if (queue.add) return () => queue.add(probe);
        return () => new Promise((done) => queue.push(async () => done(await probe())));
      },
    },
  },
  'p-limit': {
    packages: ['p-limit-1', 'p-limit-2', 'p-limit-3', 'p-limit-4', 'p-limit-7'],
    ways: {
      limit: (exports, probe) => {
        const limit = (exports.default ?? exports)(1);
        return () => limit(async (...args) => [await probe(), ...args]).then(([user]) => user);
      },
    },
  },
  fastq: {
    packages: ['fastq'],
    ways: {
      callback: (fastq, probe) => {
        const queue = fastq((_value, done) => void probe().then((user) => done(null, user)), 1);
        return () =>
          new Promise((done) => queue.push('x', async (_error, user) => done([user, await probe()])));
      },
      unshift: (fastq, probe) => {
        const queue = fastq({}, (_value, done) => void probe().then((user) => done(null, user)), 1);
        return () =>
          new Promise((done) => queue.unshift('x', async (_error, user) => done([user, await probe()])));
      },
      promise: (fastq, probe) => {
        const queue = fastq.promise(() => probe(), 1);
        return () => queue.push('x');
      },
      'a value that is passed on': (fastq, probe) => {
        const queue = fastq.promise((value) => value(), 1);
        return () => queue.push(probe);
      },
    },
  },
  async: {
    packages: ['async', 'async-2', 'async/queue', 'async-2/queue'],
    ways: {
      queue: (async, probe) =>
        asyncQueue(
          (_, worker) => (async.queue ?? async)(worker, 1),
          (queue, done) => queue.push('x', done),
        )(async, probe),
      'unshift of a queue': (async, probe) =>
        asyncQueue(
          (_, worker) => (async.queue ?? async)(worker, 2),
          (queue, done) => queue.unshift('x', done),
        )(async, probe),
    },
  },
  'async (all)': {
    packages: ['async', 'async-2'],
    ways: {
      'queue of an async function': (async, probe) => {
        const queue = async.queue(async () => probe(), 1);
        return () => new Promise((done) => queue.push('x', (_error, user) => done(user)));
      },
      priorityQueue: asyncQueue(
        (async, worker) => async.priorityQueue(worker, 1),
        (queue, done) => queue.push('x', 2, done),
      ),
      cargo: asyncQueue(
        (async, worker) => async.cargo(worker, 2),
        (queue, done) => queue.push('x', done),
      ),
      'cargo without a limit': asyncQueue(
        (async, worker) => async.cargo(worker),
        (queue, done) => queue.push('x', done),
      ),
      cargoQueue: asyncQueue(
        (async, worker) => (async.cargoQueue ?? async.cargo)(worker, 2, 2),
        (queue, done) => queue.push('x', done),
      ),
      memoize: (async, probe) => {
        const memoized = async.memoize((key, done) => void soon().then(() => done(null, key)));
        return () => new Promise((done) => memoized('key', () => done(probe())));
      },
    },
  },
  asap: {
    packages: ['asap', 'asap/raw'],
    ways: {
      'a task': (asap, probe) => () => new Promise((done) => asap(() => done(probe()))),
    },
  },
  promises: {
    packages: ['promise', 'promise-7', 'q', 'rsvp', 'es6-promise', 'when'],
    ways: {
      then: (exports, probe) => {
        const Promise = exports.Promise ?? exports;
        return () => (Promise.resolve ?? exports.resolve).call(Promise).then(probe);
      },
      'then of one promise': (exports, probe) => {
        const Promise = exports.Promise ?? exports;
        return settledLater(
          (later) => (Promise.resolve ?? exports.resolve).call(Promise, later),
          (one) => one.then(probe),
        );
      },
    },
  },
  bottleneck: {
    packages: ['bottleneck', 'bottleneck/light', 'bottleneck/es5'],
    ways: {
      schedule: (Bottleneck, probe) => {
        const limiter = new Bottleneck({ maxConcurrent: 1 });
        return () => limiter.schedule({ priority: 4 }, probe);
      },
      submit: (Bottleneck, probe) => {
        const limiter = new Bottleneck({ minTime: 2 });
        const work = (_word, done) => void probe().then((user) => done(null, user));
        return () =>
          new Promise((done) =>
            limiter.submit(work, 'x', async (_error, user) => done([user, await probe()])),
          );
      },
      wrap: (Bottleneck, probe) => new Bottleneck({ maxConcurrent: 1 }).wrap(probe),
      'a group': (Bottleneck, probe) => {
        const group = new Bottleneck.Group({ maxConcurrent: 1 });
        return () => group.key('key').schedule(probe);
      },
    },
  },
  dataloader: {
    packages: ['dataloader', 'dataloader-1'],
    ways: {
      'load of one key': (DataLoader, probe) => {
        const loader = new DataLoader(async (keys) => {
          const user = await probe();
          return keys.map(() => user);
        });
        return () => loader.load('key');
      },
      loadMany: (DataLoader, probe) => {
        const loader = new DataLoader(async (keys) => Promise.all(keys.map(probe)), { cache: false });
        return () => loader.loadMany(['a', 'b']);
      },
      'a cache of the program': (DataLoader, probe) => {
        const kept = new Map();
        const cacheMap = {
          get: (key) => kept.get(key),
          set: (key, value) => kept.set(key, value),
          delete: (key) => kept.delete(key),
          clear: () => kept.clear(),
        };
        const loader = new DataLoader(async (keys) => Promise.all(keys.map(probe)), { cacheMap });
        return () => loader.load('key');
      },
    },
  },
  'generic-pool': {
    packages: ['generic-pool'],
    ways: {
      use: async ({ createPool }, probe) => {
        const maker = await probe();
        const create = async () => ({ maker: await probe() });
        const pool = createPool(
          { create, destroy: async () => {}, validate: async () => true },
          { max: 1, testOnBorrow: true },
        );
        return () =>
          pool.use(async (resource) => (resource.maker === maker ? probe() : `made by ${resource.maker}`));
      },
    },
  },
  'generic-pool with callbacks': {
    packages: ['generic-pool-2'],
    ways: {
      acquire: async ({ Pool }, probe) => {
        const maker = await probe();
        const create = (done) => void probe().then((user) => done(null, { maker: user }));
        const pool = new Pool({ name: 'pool', create, destroy() {}, max: 1 });
        return () =>
          new Promise((done) =>
            pool.acquire(async (_error, resource) => {
              const user = await probe();
              done(resource.maker === maker ? user : `made by ${resource.maker}`);
              pool.release(resource);
            }),
          );
      },
    },
  },
  tarn: {
    packages: ['tarn', 'tarn-2'],
    ways: {
      acquire: async ({ Pool }, probe) => {
        const maker = await probe();
        const create = async () => ({ maker: await probe() });
        const pool = new Pool({ create, destroy() {}, min: 0, max: 1 });
        return async () => {
          const resource = await pool.acquire().promise;
          const user = await probe();
          pool.release(resource);
          return resource.maker === maker ? user : `made by ${resource.maker}`;
        };
      },
    },
  },
  pg: {
    packages: ['pg'],
    ways: {
      'pool.query': async (pg, probe) => {
        const pool = new pg.Pool({ ...(await postgres()), max: 1 });
        return () => new Promise((done) => pool.query('select', [], () => done(probe())));
      },
      'pool.connect': async (pg, probe) => {
        const pool = new pg.Pool({ ...(await postgres()), max: 1 });
        return () =>
          new Promise((done) =>
            pool.connect(async (_error, _client, release) => {
              done(probe());
              await soon();
              release();
            }),
          );
      },
      'client.query': async (pg, probe) => {
        const client = new pg.Client(await postgres());
        await client.connect();
        return () => new Promise((done) => client.query('select', () => done(probe())));
      },
      'client.query of an object': async (pg, probe) => {
        const client = new pg.Client(await postgres());
        await client.connect();
        return () => new Promise((done) => client.query({ text: 'select', callback: () => done(probe()) }));
      },
    },
  },
  mysql: {
    packages: ['mysql', 'mysql2'],
    ways: {
      'pool.query': async (mysql, probe) => {
        const pool = mysql.createPool({ ...(await mysqlServer()), connectionLimit: 1 });
        return () => new Promise((done) => pool.query('select', () => done(probe())));
      },
      'connection.query': async (mysql, probe) => {
        const connection = mysql.createConnection(await mysqlServer());
        return () => new Promise((done) => connection.query('select', () => done(probe())));
      },
      'pool.getConnection': async (mysql, probe) => {
        const pool = mysql.createPool({ ...(await mysqlServer()), connectionLimit: 1 });
        return () =>
          new Promise((done) =>
            pool.getConnection(async (_error, connection) => {
              done(probe());
              await soon();
              connection.release();
            }),
          );
      },
    },
  },
  nodemailer: {
    packages: ['nodemailer', 'nodemailer-6'],
    ways: {
      'a pool': async (nodemailer, probe) => {
        const { createTransport } = nodemailer.default ?? nodemailer;
        const port = await listening(answerMail);
        const transport = createTransport({
          pool: true,
          maxConnections: 1,
          host: '127.0.0.1',
          port,
          ignoreTLS: true,
        });
        return () =>
          new Promise((done) => {
            const users = [];
            const content = new Readable({
              read() {
                void probe().then((user) => {
                  users.push(user);
                  this.push(users.length === 1 ? 'x' : null);
                });
              },
            });
            const mail = {
              from: 'a@example.org',
              to: 'b@example.org',
              attachments: [{ content, filename: 'x' }],
            };
            transport.sendMail(mail, async (error) =>
              done(error ? error.message : [...users, await probe()]),
            );
          });
      },
    },
  },
  undici: {
    packages: ['undici', 'undici-6'],
    ways: {
      'bodies of generators': async ({ Client }, probe) => {
        const client = new Client(`http://127.0.0.1:${String(await listening(answerHttp))}`, {
          pipelining: 1,
        });
        return async () => {
          const users = [];
          const body = (async function* () {
            users.push(await probe());
            yield 'x';
            users.push(await probe());
          })();
          const response = await client.request({ path: '/', method: 'POST', body });
          await response.body.dump();
          return users;
        };
      },
    },
  },
  chokidar: {
    packages: ['chokidar', 'chokidar-4', 'chokidar-5'],
    ways: {
      'watch is refused in flows': async ({ watch }, probe) => {
        const maker = await probe();
        return async () => {
          const user = await probe();
          let outcome = 'watched';
          try {
            await watch(__filename).close();
          } catch (error) {
            outcome = error.code;
          }
          return outcome === (user === maker ? 'watched' : 'ERR_NOT_ROUTED') ? user : outcome;
        };
      },
    },
  },
};

module.exports = ways;
