import { linesOf, runSource } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';

const open = 'const alice = await world.alice.token(); const bob = await world.bob.token();';
const ends: [string, string][] = [
  ['by itself', ''],
  ['by process.exit', 'process.exit(0);'],
];

// The stages at which a process may end: with exit code 0, no signal and nothing on stderr.
const stages: [string, string][] = [
  ['with the package loaded', ''],
  ['with tokens open', `${open} globalThis.kept = [alice, bob, Token.process()];`],
  ['with tokens closed', `${open} alice.close(); bob.close();`],
  ['after scopes', `${open} alice.runSync(() => bob.runSync(() => {})); alice.impersonate().revert();`],
  ['with a token on its way', 'world.alice.token();'],
  [
    'with look-ups on their way',
    'const token = Token.process(); for (let i = 0; i < 20; i++) lookupAccount(token.user);',
  ],
  [
    'after a failed entry',
    `${open} try { alice.duplicate({ level: 'identification' }).impersonate(); } catch {}`,
  ],
  [
    'with a handler that uses a token at exit',
    `${open} process.on('exit', () => { alice.runSync(() => {}); alice.close(); });`,
  ],
];

describeSwitching('the environment is torn down cleanly', () => {
  describe.each(stages)('%s', (_stage, source) => {
    test.each(ends)('%s', async (_end, end) => {
      expect(await linesOf(`${source} ${end}`)).toEqual([]);
    });
  });

  test.each([
    ['runSync', `${open} alice.runSync(() => { process.exit(0); });`],
    ['nested runSync', `${open} alice.runSync(() => { bob.runSync(() => { process.exit(0); }); });`],
    ['a using scope', `${open} alice.impersonate(); process.exit(0);`],
    [
      'nested scopes of both kinds',
      `${open} alice.impersonate(); bob.runSync(() => { alice.impersonate(); process.exit(0); });`,
    ],
  ])('by process.exit in %s', async (_name, source) => {
    expect(await linesOf(source)).toEqual([]);
  });

  test.each([
    ['at once', ''],
    ['with tokens open', `${open} globalThis.kept = [alice, bob];`],
    ['in a scope', `${open} alice.runSync(() => { process.exit(0); });`],
    ['in a using scope', `${open} alice.impersonate(); process.exit(0);`],
    ['with a token on its way', 'world.alice.token(); process.exit(0);'],
  ])('of a worker that ends %s, and then of the process', async (_name, source) => {
    const lines = await linesOf(
      `const { Worker, isMainThread } = require('node:worker_threads');
      if (isMainThread) {
        const codes = await Promise.all([1, 2, 3].map(() => new Promise((resolve) => { new Worker(__filename).on('exit', resolve); })));
        print(codes.join() + ' ' + (world.whoAmI() === world.serviceId));
      } else { ${source} }`,
    );
    expect(lines).toEqual(['0,0,0 true']);
  });

  test('while workers still run scopes', async () => {
    const result = await runSource(`
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      if (isMainThread) {
        const workers = [1, 2, 3].map(() => new Worker(__filename));
        await Promise.all(workers.map((worker) => new Promise((resolve) => { worker.once('message', resolve); })));
        process.exit(0);
      }
      ${open}
      parentPort.postMessage('here');
      for (;;) alice.runSync(() => bob.runSync(() => {}));`);
    expect(result).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });
});
