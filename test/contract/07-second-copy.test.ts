import { linesOf } from '../support/children/child';
import { copyOfProduct } from '../support/folders';
import { product, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

/** Loads the modules of the package a second time; the file of the addon is the same. */
const loadAgain = `(() => {
  for (const key of Object.keys(require.cache)) if (key.startsWith(${JSON.stringify(root)})) delete require.cache[key];
  return require(${JSON.stringify(product)});
})()`;

describeSwitching('loading the package a second time on a thread', () => {
  test('leaves open scopes unchanged', async () => {
    const lines = await linesOf(`
      const alice = await world.alice.token();
      const scope = alice.impersonate();
      alice.runSync(() => { ${loadAgain}; print(String(world.whoAmI() === world.alice.id)); });
      print(String(world.whoAmI() === world.alice.id));
      scope.revert();
      ${loadAgain};
      print(String(world.whoAmI() === world.serviceId));`);
    expect(lines).toEqual(['true', 'true', 'true']);
  });

  test('rejects tokens of the first load, and the error explains it', async () => {
    const lines = await linesOf(`
      const alice = await world.alice.token();
      const again = ${loadAgain};
      const own = again.Token.process();
      for (const other of [alice, Object.create(own), {}]) {
        try { own.equals(other); print('taken'); } catch (error) { print(error.code + ' ' + error.message); }
      }
      print(String(own.runSync(() => 1)));`);
    const wrong = 'ERR_INVALID_ARG_TYPE The "other" argument must be an instance of Token. Received';
    expect(lines).toEqual([
      `${wrong} a Token of another copy of the package`,
      `${wrong} an instance of Token`,
      `${wrong} an instance of Object`,
      '1',
    ]);
  });
});

describeSwitching('a second copy of the addon', () => {
  const load = (folder: string, print: string): string => `
    try { require(${JSON.stringify(folder)}); ${print}('loaded'); }
    catch (error) { ${print}([error.name, error.code, error.message].join(' ')); }`;

  test('throws on every thread, naming both paths, while the first goes on working', async () => {
    const copy = copyOfProduct();
    const worker = `const { postMessage } = require('node:worker_threads').parentPort;
      ${load(copy.folder, "require('node:worker_threads').parentPort.postMessage")}`;
    const lines = await linesOf(`
      const alice = await world.alice.token();
      alice.runSync(() => { print(String(world.whoAmI() === world.alice.id)); });
      ${load(copy.folder, 'print')}
      alice.runSync(() => {
        ${load(copy.folder, 'print')}
        print(String(world.whoAmI() === world.alice.id));
      });
      const { Worker } = require('node:worker_threads');
      new Worker(${JSON.stringify(worker)}, { eval: true }).on('message', print);`);
    const refusal: unknown = expect.stringMatching(
      /^ImpersonationError ERR_SECOND_COPY This process already uses the copy/,
    );
    expect(lines).toEqual(['true', refusal, refusal, 'true', refusal]);
    for (const line of [lines[1], lines[4]]) {
      expect(line).toContain(copy.addon);
      expect(line?.split(copy.addon).join('')).toContain('impersonate.node');
    }
  });

  test('is the copy that loads later, whichever thread loaded the first', async () => {
    const [first, second] = [copyOfProduct(), copyOfProduct()];
    const worker = `require(${JSON.stringify(first.folder)}); require('node:worker_threads').parentPort.postMessage('loaded');`;
    const lines = await linesOf(
      `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { Worker } = require('node:worker_threads');
      const worker = new Worker(${JSON.stringify(worker)}, { eval: true });
      worker.on('message', print);
      worker.on('exit', () => {
        ${load(second.folder, 'print')}
        ${load(first.folder, 'print')}
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['loaded', expect.stringContaining('ERR_SECOND_COPY'), 'loaded']);
    expect(lines[1]).toContain(`at ${first.addon}. The copy at ${second.addon}`);
  });
});
