// The ways to hand work to packages that put it off. `make(package, probe)` returns a function that is called in a flow: it
// hands in work that calls `probe`, and resolves to what probe() has returned, once or in an array. probe() resolves to the
// user that it runs as.
'use strict';

const soon = () => new Promise((done) => setTimeout(done, 5));
// Calls of `use` share what `make` resolves to after all of them have been made.
const settledLater = (make, use) => {
  const shared = make(soon());
  return () => use(shared);
};

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
};

module.exports = ways;
