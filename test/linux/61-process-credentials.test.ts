import { linesOf } from '../support/children/child';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const status = `const { threadStatus, allThreads } = require(${JSON.stringify(require.resolve('../support/linux/thread-status'))});
  const alice = await world.alice.token();
  const bob = { uid: Number(world.bob.id), gid: ${String(world.bob.gid)} };`;
/** A worker that loads the package and prints its effective and real user. */
const startWorker = `const loaded = new Worker(${JSON.stringify(
  `require(${JSON.stringify(product)}); require('node:worker_threads').parentPort.postMessage([process.geteuid(), process.getuid()].join());`,
)}, { eval: true });
  loaded.on('message', (ids) => { print('worker ' + ids); });
  await new Promise((resolve) => { loaded.once('exit', resolve); });`;

// Every function by which a process changes its credentials.
const calls = `[
  ['setuid', 0], ['seteuid', 0], ['setgid', 0], ['setegid', 0], ['setgroups', [0]], ['initgroups', 'root', 0],
]`;
const tryAll = `for (const [name, ...args] of ${calls}) {
  try { process[name](...args); print(name + ' allowed'); } catch (error) { print(name + ' ' + error.code); }
}`;
const names = ['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'];
const refused = names.map((name) => `${name} ERR_SCOPE_ACTIVE`);
const allowed = names.map((name) => `${name} allowed`);

describeSwitching("the process's own credentials", () => {
  test('cannot change while this thread is in a scope', async () => {
    const lines = await linesOf(`${status}
      alice.runSync(() => { ${tryAll} });
      const scope = alice.impersonate();
      ${tryAll}
      print(String(world.whoAmI() === world.alice.id));
      scope.revert();
      ${tryAll}`);
    expect(lines).toEqual([...refused, ...refused, 'true', ...allowed]);
  });

  test('cannot change by a function imported by name', async () => {
    const lines = await linesOf(
      `import { seteuid } from 'node:process';
      const alice = await world.alice.token();
      alice.runSync(() => {
        try { seteuid(0); print('allowed'); } catch (error) { print(error.code); }
        print(String(world.whoAmI() === world.alice.id));
      });`,
      {},
      'mjs',
    );
    expect(lines).toEqual(['ERR_SCOPE_ACTIVE', 'true']);
  });

  test('cannot change while another thread is in a scope', async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
      ${status}
      if (isMainThread) {
        const shared = new Int32Array(new SharedArrayBuffer(4));
        const worker = new Worker(__filename, { workerData: shared });
        await new Promise((resolve) => { worker.once('message', resolve); });
        ${tryAll}
        Atomics.store(shared, 0, 1);
        Atomics.notify(shared, 0);
        await new Promise((resolve) => { worker.once('exit', resolve); });
        ${tryAll}
      } else {
        alice.runSync(() => { parentPort.postMessage('here'); Atomics.wait(workerData, 0, 0); });
        if (world.whoAmI() !== world.serviceId) print('the worker is not the service');
      }`);
    expect(lines).toEqual([...refused, ...allowed]);
  });

  test("throw Node's argument errors", async () => {
    const lines = await linesOf(`${status}
      for (const value of ['no-such-user', {}, -1]) {
        try { process.setuid(value); print('allowed'); } catch (error) { print(error.code); }
      }
      print(String(alice.runSync(() => world.whoAmI()) === world.alice.id));`);
    expect(lines).toEqual(['ERR_UNKNOWN_CREDENTIAL', 'ERR_INVALID_ARG_TYPE', 'ERR_OUT_OF_RANGE', 'true']);
  });

  test('dropped for good between scopes stay dropped in every scope and later thread', async () => {
    const b = world.bob.id;
    const lines = await linesOf(`${status}
      const { Worker } = require('node:worker_threads');
      alice.runSync(() => {});
      process.setgroups([]);
      process.setgid(bob.gid);
      process.setuid(bob.uid);
      const everybody = () => [...new Set([...allThreads().values()].map(({ uids }) => uids.join()))].join(' ');
      print(everybody());
      for (const enter of [() => alice.runSync(() => { print('ran'); }), () => alice.impersonate()]) {
        try { enter(); print('entered'); } catch (error) { print(error.name + ' ' + error.code); }
      }
      print(String(Token.process().user.id) + ' ' + Token.thread());
      ${startWorker}
      fs.readFileSync('/etc/hostname');
      await fs.promises.readFile('/etc/hostname');
      print(everybody());`);
    expect(lines).toEqual([
      [b, b, b, b].join(),
      'ImpersonationError EPERM',
      'ImpersonationError EPERM',
      `${b} null`,
      `worker ${b},${b}`,
      [b, b, b, b].join(),
    ]);
  });

  test('lowered between scopes, reversibly, are what every scope reverts to', async () => {
    const b = world.bob.id;
    const lines = await linesOf(`${status}
      const { Worker } = require('node:worker_threads');
      process.seteuid(bob.uid);
      const own = threadStatus().uids.join();
      print(own);
      let inside = world.alice.id;
      try { inside = alice.runSync(() => world.whoAmI()); } catch (error) { if (error.code !== 'EPERM') throw error; }
      print('inside ' + (inside === world.alice.id));
      print('after ' + (threadStatus().uids.join() === own) + ' ' + Token.thread() + ' ' + Token.process().user.id);
      ${startWorker}
      process.seteuid(0);
      print('again ' + (alice.runSync(() => world.whoAmI()) === world.alice.id) + ' ' + threadStatus().uids.join());`);
    expect(lines).toEqual([
      `0,${b},0,${b}`,
      'inside true',
      `after true null ${b}`,
      `worker ${b},0`,
      'again true 0,0,0,0',
    ]);
  });

  test('lowered while a thread starts apply to that thread too', async () => {
    // Each load of the addon gives a thread the credentials of the process, like the first one in a worker.
    const binding = JSON.stringify(product.replace(/index\.js$/, 'core.js'));
    const lines = await linesOf(`
      const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
      const { native } = require(${binding});
      const [calm, changing, changed] = [0, 1, 2];
      if (isMainThread) {
        const state = new Int32Array(new SharedArrayBuffer(12));
        const publish = (now) => { Atomics.store(state, 0, now); Atomics.notify(state, 0); };
        const worker = new Worker(__filename, { workerData: state });
        worker.on('error', (error) => { print(error.stack); });
        const ended = new Promise((resolve) => { worker.once('exit', resolve); });
        await new Promise((resolve) => { worker.once('message', resolve); });
        for (let round = 1; round <= 300; round++) {
          for (const loads = Atomics.load(state, 1); Atomics.load(state, 1) === loads; );
          for (let spins = round * 50; spins > 0; spins--);
          publish(changing);
          process.seteuid(${String(world.bob.uid)});
          publish(changed);
          while (Atomics.load(state, 2) < round) Atomics.wait(state, 2, round - 1);
          process.seteuid(0);
          publish(calm);
        }
        publish(-1);
        await ended;
      } else {
        const seen = new Map();
        const note = (what) => seen.set(what, (seen.get(what) ?? 0) + 1);
        parentPort.postMessage('begun');
        for (let round = 0; Atomics.load(workerData, 0) !== -1; ) {
          try { process.dlopen({ exports: {} }, native.path); } catch (error) { note(error.code); }
          Atomics.add(workerData, 1, 1);
          Atomics.wait(workerData, 0, changing);
          if (Atomics.load(workerData, 0) !== changed) continue;
          note(process.geteuid());
          Atomics.store(workerData, 2, ++round);
          Atomics.notify(workerData, 2);
          Atomics.wait(workerData, 0, changed);
        }
        print(JSON.stringify([...seen]));
      }`);
    expect(lines).toEqual([JSON.stringify([[world.bob.uid, 300]])]);
  });
});
