import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/child';
import { root } from '../support/paths';
import { describeSwitching } from '../support/switching';
import { tempFolder } from '../support/temp-folder';

const status = `const { threadStatus, allThreads } = require(${JSON.stringify(require.resolve('../support/thread-status'))});`;

describeSwitching('threads born while a scope is open', () => {
  // Anonymous, for that token is made without the pool: its first use ever is inside the scope.
  test.each([4, 1, 32])('%d pool threads are the service, even when first used in a scope', async (size) => {
    const lines = await linesOf(
      `${status}
      const nobody = Token.anonymous();
      let left = 64;
      await new Promise((resolve) => {
        const done = () => { if (--left === 0) resolve(); };
        nobody.runSync(() => { for (let i = 0; i < 64; i++) fs.stat('/', done); });
      });
      const threads = [...allThreads().values()];
      const own = threadStatus();
      const identity = ({ uids, gids, groups }) => [uids, gids, groups].join(' ');
      say([...new Set(threads.map(identity))].map((each) => (each === identity(own) ? 'service' : each)).join('; '));
      say(String(threads.length > ${String(size)}));`,
      { env: { UV_THREADPOOL_SIZE: String(size) } },
    );
    expect(lines).toEqual(['service', 'true']);
  });

  test('a Worker is the service, from its first line to its last', async () => {
    const worker = `${status}
      const { parentPort } = require('node:worker_threads');
      const first = threadStatus();
      setTimeout(() => { parentPort.postMessage([first.uids.join(), first.gids.join(), threadStatus().uids.join()].join(' ')); }, 20);`;
    const source = (construct: string): string => `${status}
      const { Worker } = require('node:worker_threads');
      const alice = await world.alice.token();
      const scope = alice.impersonate();
      const worker = ${construct};
      say(String(world.whoAmI() === world.alice.id));
      scope.revert();
      worker.on('message', say);`;
    for (const construct of [
      `new Worker(${JSON.stringify(worker)}, { eval: true })`,
      `new (class extends Worker {})(${JSON.stringify(worker)}, { eval: true })`,
      `Reflect.construct(Worker, [${JSON.stringify(worker)}, { eval: true }])`,
      `alice.runSync(() => new Worker(${JSON.stringify(worker)}, { eval: true }))`,
    ]) {
      expect(await linesOf(source(construct))).toEqual(['true', '0,0,0,0 0,0,0,0 0,0,0,0']);
    }
  });

  test('a Worker imported by name is the same', async () => {
    const lines = await linesOf(
      `import { Worker } from 'node:worker_threads';
      const alice = await world.alice.token();
      const scope = alice.impersonate();
      const worker = new Worker("require('node:worker_threads').parentPort.postMessage(String([process.getuid(), process.geteuid()]))", { eval: true });
      scope.revert();
      worker.on('message', say);`,
      {},
      'mjs',
    );
    expect(lines).toEqual(['0,0']);
  });

  test('a refused Worker leaves the scope in force', async () => {
    const lines = await linesOf(`
      const { Worker } = require('node:worker_threads');
      const alice = await world.alice.token();
      alice.runSync(() => {
        try { new Worker('relative-path'); say('made'); } catch (error) { say(error.name); }
        say(String(world.whoAmI() === world.alice.id));
      });`);
    expect(lines).toEqual(['TypeError', 'true']);
  });

  // A Worker class taken before the package was loaded is beyond its reach: the thread is born as the user.
  test('a thread off the baseline is healed when it loads the package', async () => {
    const copy = copyForEveryone();
    const worker = `${status}
      const { parentPort } = require('node:worker_threads');
      const before = threadStatus();
      const { Token } = require(${JSON.stringify(copy)});
      const after = threadStatus();
      const { capabilities } = after;
      parentPort.postMessage([before.uids.join(), before.groups.includes(0), after.uids.join(), after.gids.join(), capabilities.effective === capabilities.permitted, Token.thread()].join(' '));`.replaceAll(
      require.resolve('../support/thread-status'),
      join(copy, 'thread-status.js'),
    );
    const lines = await linesOf(
      `const { Worker } = require('node:worker_threads');
      const say = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { Token } = require(${JSON.stringify(copy)});
      Token.forUser('imp-alice').then((alice) => {
        const worker = alice.runSync(() => new Worker(${JSON.stringify(worker)}, { eval: true }));
        worker.on('message', say);
        worker.on('error', (error) => { say(error.message); });
      });`,
      {},
      'bare',
    );
    const uid = '\\d+';
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^65533,(${uid}),0,\\1 false 0,0,0,0 0,0,0,0 true $`));
    expect(lines[0]).not.toMatch(/^0,/);
  });
});

/** The built package where a user other than the owner of the checkout can read it. */
function copyForEveryone(): string {
  const folder = join(tempFolder('copy'), 'impersonate');
  mkdirSync(folder);
  for (const part of ['package.json', 'dist', join('build', 'Release', 'impersonate.node')]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  for (const dependency of ['bindings', 'file-uri-to-path']) {
    cpSync(join(root, 'node_modules', dependency), join(folder, 'node_modules', dependency), {
      recursive: true,
    });
  }
  cpSync(require.resolve('../support/thread-status'), join(folder, 'thread-status.js'));
  return folder;
}
