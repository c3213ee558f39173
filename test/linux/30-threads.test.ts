import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, writeSource } from '../support/children/child';
import { jobs } from '../support/children/sources';
import { copyOfProduct, tempFolder } from '../support/folders';
import { product, unrouted } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const status = `const { threadStatus, allThreads } = require(${JSON.stringify(require.resolve('../support/linux/thread-status'))});`;

describeSwitching('threads started while a scope is open', () => {
  // An anonymous token is made without libuv's pool, so that the first use of the pool is inside the scope.
  test.each([4, 1, 32])(
    '%d threads of libuv are the service, even when first used in a scope',
    async (size) => {
      const lines = await linesOf(
        `${status}
      const anonymous = Token.anonymous();
      let left = 64;
      await new Promise((resolve) => {
        const done = () => { if (--left === 0) resolve(); };
        anonymous.runSync(() => { for (let i = 0; i < 64; i++) require('node:crypto').randomBytes(16, done); });
      });
      const threads = [...allThreads().values()];
      const own = threadStatus();
      const identity = ({ uids, gids, groups }) => [uids, gids, groups].join(' ');
      print([...new Set(threads.map(identity))].map((each) => (each === identity(own) ? 'service' : each)).join('; '));
      print(String(threads.length > ${String(size)}));`,
        { env: { UV_THREADPOOL_SIZE: String(size) } },
      );
      expect(lines).toEqual(['service', 'true']);
    },
  );

  test('a Worker in withoutToken() is the service from its first line to its last', async () => {
    const worker = `${status}
      const { parentPort } = require('node:worker_threads');
      const first = threadStatus();
      setTimeout(() => { parentPort.postMessage([first.uids.join(), first.gids.join(), threadStatus().uids.join()].join(' ')); }, 20);`;
    const source = (construct: string): string => `${status}
      const { Worker } = require('node:worker_threads');
      const { withoutToken } = require(${JSON.stringify(product)});
      const alice = await world.alice.token();
      const scope = alice.impersonate();
      const start = () => ${construct};
      try { start(); } catch (error) { print(error.code); }
      const worker = withoutToken(start);
      print(String(world.whoAmI() === world.alice.id));
      scope.revert();
      worker.on('message', print);`;
    for (const construct of [
      `new Worker(${JSON.stringify(worker)}, { eval: true })`,
      `new (class extends Worker {})(${JSON.stringify(worker)}, { eval: true })`,
      `Reflect.construct(Worker, [${JSON.stringify(worker)}, { eval: true }])`,
    ]) {
      expect(await linesOf(source(construct))).toEqual([
        'ERR_WORKER_IN_FLOW',
        'true',
        '0,0,0,0 0,0,0,0 0,0,0,0',
      ]);
    }
  });

  test('a Worker imported by name is the same', async () => {
    const lines = await linesOf(
      `import { Worker } from 'node:worker_threads';
      const { withoutToken } = require(${JSON.stringify(product)});
      const alice = await world.alice.token();
      const scope = alice.impersonate();
      const start = () => new Worker("require('node:worker_threads').parentPort.postMessage(String([process.getuid(), process.geteuid()]))", { eval: true });
      try { start(); } catch (error) { print(error.code); }
      const worker = withoutToken(start);
      scope.revert();
      worker.on('message', print);`,
      {},
      'mjs',
    );
    expect(lines).toEqual(['ERR_WORKER_IN_FLOW', '0,0']);
  });

  test('a rejected Worker leaves the scope in effect', async () => {
    const lines = await linesOf(`
      const { Worker } = require('node:worker_threads');
      const alice = await world.alice.token();
      alice.runSync(() => {
        try { new Worker('relative-path'); print('made'); } catch (error) { print(error.name); }
        print(String(world.whoAmI() === world.alice.id));
      });`);
    expect(lines).toEqual(['TypeError', 'true']);
  });

  test('a thread with other credentials is reset when it loads the package', async () => {
    const { folder, status: own } = copyForEveryone();
    const worker = `const { threadStatus } = require(${JSON.stringify(own)});
      const { parentPort } = require('node:worker_threads');
      const before = threadStatus();
      const { Token } = require(${JSON.stringify(folder)});
      const after = threadStatus();
      const { capabilities } = after;
      parentPort.postMessage([before.uids.join(), before.groups.includes(0), after.uids.join(), after.gids.join(), capabilities.effective === capabilities.permitted, Token.thread()].join(' '));`;
    const lines = await linesOf(
      `const { Worker } = require('node:worker_threads');
      const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      // Node's own way to start a thread, captured before the package was loaded.
      const idle = new Worker('', { eval: true });
      const handle = Object.getPrototypeOf(idle[Object.getOwnPropertySymbols(idle).find((of) => of.description === 'kHandle')]);
      const { startThread } = handle;
      const { Token } = require(${JSON.stringify(folder)});
      Token.forUser('imp-alice').then((alice) => {
        handle.startThread = startThread;
        const worker = alice.runSync(() => new Worker(${JSON.stringify(worker)}, { eval: true }));
        worker.on('message', print);
        worker.on('error', (error) => { print(error.message); });
      });`,
      {},
      'bare',
    );
    const uid = '\\d+';
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^65533,(${uid}),0,\\1 false 0,0,0,0 0,0,0,0 true $`));
    expect(lines[0]).not.toMatch(/^65533,0,/);
  });

  test('the thread of an ImpersonatedWorker stays the user when it loads the package again', async () => {
    const { folder } = copyForEveryone();
    const worker = `for (const key of Object.keys(require.cache)) delete require.cache[key];
      require(${JSON.stringify(folder)});
      require('node:worker_threads').parentPort.postMessage(String(process.geteuid()));`;
    const lines = await linesOf(
      `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { ImpersonatedWorker, Token } = require(${JSON.stringify(folder)});
      Token.forUser('imp-alice').then((token) => {
        print(token.user.id);
        const worker = new ImpersonatedWorker(${JSON.stringify(worker)}, { token, eval: true });
        worker.on('message', print);
        worker.on('error', (error) => { print(error.stack); });
        token.close();
      });`,
      {},
      'bare',
    );
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(lines[0]);
  });

  test('a scope stays in effect if the addon is loaded again by a captured dlopen()', async () => {
    const { folder, status: own } = copyForEveryone();
    const lines = await linesOf(
      `const { dlopen } = process;
      const { Token } = require(${JSON.stringify(folder)});
      const { threadStatus } = require(${JSON.stringify(own)});
      const addon = Object.keys(require.cache).find((file) => file.endsWith('impersonate.node'));
      Token.forUser('imp-alice').then((alice) => {
        const [before, after] = alice.runSync(() => {
          const uids = threadStatus().uids.join();
          dlopen({ exports: {} }, addon);
          return [uids, threadStatus().uids.join()];
        });
        alice.close();
        const results = [before === after, before === '0,0,0,0', threadStatus().uids.join()];
        require('node:fs').writeSync(1, results.join(' '));
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['true false 0,0,0,0']);
  });
});

describeSwitching('threads that this package starts in a scope', () => {
  // The kernel counts a thread for the user that starts it; only the service may exceed the limit.
  test('start as the process', async () => {
    const lines = await linesOf(
      `const alice = await world.alice.token();
      let pending;
      alice.runSync(() => { pending = Token.forUser('imp-bob'); });
      const bob = await pending.catch((error) => { print(error.message); return null; });
      print(String(bob?.user.name));`,
      { through: ['prlimit', '--nproc=1:1'] },
    );
    expect(lines).toEqual(['imp-bob']);
  });

  test('start as the process: user threads', async () => {
    const lines = await linesOf(
      `${jobs}
      const token = await world.alice.token();
      const [started] = token.runSync(() => [job(alice, 'access', '/', 0)]);
      print(String((await started)[0]));`,
      { through: ['prlimit', '--nproc=1:1'] },
    );
    expect(lines).toEqual(['0']);
  });
});

describeSwitching('threads that Node starts in a scope', () => {
  const hooks = `data:text/javascript,${encodeURIComponent('export const resolve = (id, context, next) => next(id, context);')}`;
  // A thread that has not come to the switch yet.
  const waiting = writeSource('bare', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);');
  const session = 'session = new inspector.Session(); session.connect();';
  const starts: [string, string][] = [
    [
      'an ImpersonatedWorker',
      `new ImpersonatedWorker('setInterval(() => {}, 1e6)', { eval: true, token: alice, execArgv: ['--require', ${JSON.stringify(waiting)}] });`,
    ],
    ['module.register()', `require('node:module').register(${JSON.stringify(hooks)});`],
    ['inspector.open()', 'inspector.open(0);'],
    ['Profiler.start', `${session} session.post('Profiler.enable'); session.post('Profiler.start');`],
    [
      'Profiler.start by a promise',
      `session = new promises.Session(); session.connect(); session.post('Profiler.enable'); session.post('Profiler.start');`,
    ],
    ['console.profile()', `${session} session.post('Profiler.enable'); console.profile();`],
    [
      'console.profile() of the inspector',
      `${session} session.post('Profiler.enable'); inspector.console.profile();`,
    ],
    [
      'NodeTracing.start',
      `${session} session.post('NodeTracing.start', { traceConfig: { includedCategories: ['node'] } });`,
    ],
    ['trace_events', `createTracing({ categories: ['node'] }).enable();`],
    ['v8.startCpuProfile()', 'profile = require("node:v8").startCpuProfile?.();'],
  ];

  test.each(starts)('start as the process: %s', async (_what, start) => {
    const lines = await linesOf(
      `const { createTracing } = require('node:trace_events');
      const inspector = require('node:inspector');
      const promises = require('node:inspector/promises');
      const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { ImpersonatedWorker, Token } = require(${JSON.stringify(product)});
      ${status}
      const others = () => new Map([...allThreads()].map(([id, of]) => [id, of.uids.join() + ' ' + of.gids.join()]));
      process.chdir(${JSON.stringify(tempFolder('traces'))});
      Token.forUser('imp-alice').then((alice) => {
        const before = others();
        let session, profile;
        alice.runSync(() => { ${start} });
        const born = [...others()].filter(([id]) => !before.has(id));
        print(String(born.length > 0 || ${String(start.includes('?.'))}));
        print([...new Set(born.map(([, identity]) => identity))].join('; '));
        // Node may crash if it exits while V8 samples.
        profile?.stop();
        session?.disconnect();
        process.exit();
      });`,
      { execArgv: ['--no-warnings', '--inspect-publish-uid=http'] },
      'bare',
    );
    expect(lines[0]).toBe('true');
    expect(['0,0,0,0 0,0,0,0', undefined]).toContain(lines[1]);
  });

  // Node 20 reads them on the thread that starts the program.
  const isReadAside = Number(process.versions.node.split('.')[0]) >= 22;
  (isReadAside ? test : test.skip)('and so is the one that reads certificates', async () => {
    const fifo = join(tempFolder('certificates'), 'fifo');
    execFileSync('mkfifo', [fifo]);
    const lines = await linesOf(
      `const { openSync, closeSync, writeSync, constants } = require('node:fs');
      const { Token } = require(${JSON.stringify(unrouted)});
      ${status}
      // The thread waits while the pipe is open for writing.
      const fifo = openSync(${JSON.stringify(fifo)}, constants.O_RDWR);
      Token.forUser('imp-alice').then((alice) => {
        alice.runSync(() => { require('node:tls'); });
        const identities = [...allThreads().values()].map((of) => of.uids.join() + ' ' + of.gids.join());
        writeSync(1, [...new Set(identities)].join('; '));
        closeSync(fifo);
        alice.close();
      });`,
      { execArgv: ['--no-warnings'], env: { NODE_EXTRA_CA_CERTS: fifo } },
      'bare',
    );
    expect(lines).toEqual(['0,0,0,0 0,0,0,0']);
  });

  test('but a callback of the profiler is called as the user', async () => {
    const lines = await linesOf(`
      const inspector = require('node:inspector');
      const alice = await world.alice.token();
      alice.runSync(() => {
        const session = new inspector.Session();
        session.connect();
        session.post('Profiler.enable');
        const params = { toJSON() { print('read as ' + (world.whoAmI() === world.alice.id)); return {}; } };
        session.post('Profiler.start', params, (error) => { print(error + ' ' + (world.whoAmI() === world.alice.id)); });
        print('after');
      });`);
    expect(lines).toEqual(['read as true', 'null true', 'after']);
  });
});

/** The built package where a user other than the owner of the checkout can read it. */
function copyForEveryone(): { folder: string; status: string } {
  const { folder } = copyOfProduct();
  const path = join(folder, 'thread-status.js');
  cpSync(require.resolve('../support/linux/thread-status'), path);
  writeFileSync(join(folder, 'node-fs.js'), "exports.nodeFs = require('node:fs');");
  return { folder, status: path };
}
