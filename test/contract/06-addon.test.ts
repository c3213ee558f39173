import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { writeBundle } from '../support/bundle';
import { linesOf } from '../support/children/child';
import { copyOfProduct, tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const file = join('prebuilds', `${process.platform}-${process.arch}`, 'node.napi.node');

/** Loads a module of the package in a process of its own: `loaded`, or the error with its cause. */
const load = (module: string, before = ''): Promise<string[]> =>
  linesOf(
    `${before}
    const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
    try { require(${JSON.stringify(module)}); print('loaded'); }
    catch (error) { print([error.name, error.code, error.message].join(' ')); print(String(error.cause?.code)); }`,
    {},
    'bare',
  );

/** A copy of the package with its addon as the prebuilt binary, and nothing compiled. */
function copyWithPrebuilt(): string {
  const { folder, addon } = copyOfProduct();
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  cpSync(addon, join(folder, file));
  rmSync(dirname(dirname(addon)), { recursive: true });
  return folder;
}

describe('the addon', () => {
  test('is the prebuilt binary of the platform if nothing was compiled', async () => {
    expect(await load(copyWithPrebuilt())).toEqual(['loaded']);
  });

  test('is the one that was compiled in the folder of the package if there is one', async () => {
    const { folder } = copyOfProduct();
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'not an addon');
    expect(await load(folder)).toEqual(['loaded']);
  });

  test('is looked for where the prebuilt binary of each target is made', async () => {
    const targets = pathToFileURL(join(root, 'scripts', 'prebuilds', 'targets.mjs')).href;
    const made = await linesOf(
      `import { targets } from ${JSON.stringify(targets)};
      for (const [name, { file }] of Object.entries(targets)) console.log(name + ' ' + file);`,
      {},
      'module',
    );
    const loader = readFileSync(join(root, 'lib', 'internal', 'binding.ts'), 'utf8');
    const loaded = Array.from(
      loader.matchAll(/'([\w-]+)': \(\) => require\('..\/..\/(.*?)'\)/g),
      ([, name, path]) => `${name ?? ''} ${path ?? ''}`,
    );
    expect(loaded).toEqual(made);
    expect(loaded).toContainEqual(expect.stringMatching(/^win32-x64 /));
  });

  test('that is missing is an error with the platform and the remedy', async () => {
    const folder = copyWithPrebuilt();
    rmSync(join(folder, 'prebuilds'), { recursive: true });
    const [error, cause] = await load(folder);
    expect(error).toMatch(
      /^ImpersonationError ERR_ADDON_NOT_FOUND The native addon of impersonate cannot be loaded on /,
    );
    expect(error).toContain(`${process.platform} ${process.arch}`);
    if (process.platform === 'linux') expect(error).toMatch(/\((glibc|musl)\)/);
    expect(error).toContain('npx node-gyp rebuild');
    expect(cause).toBe('MODULE_NOT_FOUND');
  });

  test('that does not load is an error with the reason', async () => {
    const folder = copyWithPrebuilt();
    writeFileSync(join(folder, file), 'not an addon');
    const [error, cause] = await load(folder);
    expect(error).toMatch(/^ImpersonationError ERR_ADDON_NOT_FOUND .*node\.napi\.node/);
    expect(cause).toBe('ERR_DLOPEN_FAILED');
  });

  // npm run test:prebuilds loads the package in the runtimes themselves.
  test.each(['bun', 'deno'])('is not loaded in a program of %s', async (runtime) => {
    const { folder } = copyOfProduct();
    const versions = `{ ...process.versions, ${runtime}: '9.8.7' }`;
    const [error] = await load(folder, `Object.defineProperty(process, 'versions', { value: ${versions} });`);
    expect(error).toMatch(/^ImpersonationError ERR_UNSUPPORTED_PLATFORM /);
    expect(error).toContain(`${runtime} 9.8.7`);
  });
});

describe('a bundle of the package', () => {
  test('never looks for an addon in the folders above it', async () => {
    const { folder, addon } = copyOfProduct();
    const bundle = join(folder, 'dist', 'bundle.js');
    writeBundle(bundle, `require('./missing.node')`);
    expect(await load(folder)).toEqual(['loaded']);
    const [error] = await load(bundle);
    expect(error).toContain('ERR_ADDON_NOT_FOUND');
    expect(error).not.toContain(addon);
  });

  test('loads the addon that it carries', async () => {
    const { folder, addon } = copyOfProduct();
    const planted = join(folder, 'build', 'Release', 'impersonate.node');
    const bundle = join(folder, 'a', 'b', 'bundle.js');
    mkdirSync(dirname(bundle), { recursive: true });
    cpSync(addon, join(dirname(bundle), 'carried.node'));
    rmSync(addon);
    mkdirSync(dirname(planted), { recursive: true });
    writeFileSync(planted, 'not an addon');
    writeBundle(bundle, `require('./carried.node')`);
    expect(await load(bundle)).toEqual(['loaded']);
  });
});

test('a bundle with a path in place of the addon throws an error that says so', async () => {
  const bundle = join(tempFolder('bundle'), 'bundle.js');
  writeBundle(bundle, `'./addon.node'`);
  const [error] = await load(bundle);
  expect(error).toMatch(/ERR_ADDON_NOT_FOUND .*: the bundler has put a path in its place/);
});

/** An expression for a token of another identity than the process. */
const someone = `(process.platform === 'win32'
  ? Token.process().restrict({ restrictingSids: ['S-1-0-0'] })
  : Token.forIds({ uid: 65534, gid: 65534, groups: [] }))`;

describeSwitching('an ImpersonatedWorker of a bundle', () => {
  test('is the user from its first line, and for a bundle in its own file', async () => {
    const folder = tempFolder('bundle');
    const bundle = join(folder, 'bundle.js');
    cpSync(copyOfProduct().addon, join(folder, 'carried.node'));
    writeBundle(bundle, `require('./carried.node')`);
    const bundled = JSON.stringify(bundle);
    const thread = join(folder, 'thread.js');
    writeFileSync(
      thread,
      `const { Token, runSync } = require(${bundled});
      const { parentPort, workerData } = require('node:worker_threads');
      const { user } = Token.current();
      parentPort.postMessage([user.id, Token.thread().user.id, runSync(() => Token.thread().user.id), workerData, typeof globalThis.require].join(' '));`,
    );
    const lines = await linesOf(
      `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { ImpersonatedWorker, Token } = require(${bundled});
      const token = ${someone};
      print(token.user.id);
      new ImpersonatedWorker(${JSON.stringify(thread)}, { token, workerData: 7 }).on('message', print);`,
      {},
      'bare',
    );
    const [user] = lines;
    expect(lines).toEqual([user, `${String(user)} ${String(user)} ${String(user)} 7 undefined`]);
  });

  test('loads the addon of its parent, if the current folder has changed since', async () => {
    const [folder, elsewhere] = [tempFolder('bundle'), tempFolder('elsewhere')];
    const bundle = join(folder, 'bundle.js');
    cpSync(copyOfProduct().addon, join(folder, 'carried.node'));
    writeFileSync(join(elsewhere, 'carried.node'), 'not an addon');
    // A relative path, as a loader may make it.
    const loadRelative = `process.dlopen(addon, '.' + require('node:path').sep + 'carried.node')`;
    writeBundle(bundle, `{ const addon = { exports: {} }; ${loadRelative}; return addon.exports; }`);
    const lines = await linesOf(
      `process.chdir(${JSON.stringify(folder)});
      const { ImpersonatedWorker, Token } = require(${JSON.stringify(bundle)});
      process.chdir(${JSON.stringify(elsewhere)});
      const code = "require('node:worker_threads').parentPort.postMessage('started')";
      new ImpersonatedWorker(code, { eval: true, token: ${someone} })
        .on('message', (text) => { require('node:fs').writeSync(1, text + '\\n'); });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['started']);
  });
});
