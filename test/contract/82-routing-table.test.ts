import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, runOnThread } from '../support/children/child';
import { lateIsFine, loading, registered, registerFile } from '../support/children/sources';
import { tempFolder } from '../support/folders';
import { product, unrouted } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

describeSwitching('the table of impersonate/register', () => {
  const tables = JSON.stringify(registerFile.replace('register.js', 'deferred.js'));

  test('names everything that this version of node exports', async () => {
    const [missing] = await registered(
      'table',
      `const { fsTable, promisesTable } = require(${tables});
      const missing = (target, table) => Object.keys(Object.getOwnPropertyDescriptors(target)).filter((name) => !(name in table));
      print(JSON.stringify([...missing(fs, fsTable), ...missing(fs.promises, promisesTable)]));`,
    );
    expect(missing).toBe('[]');
  });

  test('throws for what cannot be done as the user, and for nothing else', async () => {
    const [refused] = await registered(
      'refused',
      `process.noDeprecation = true;
      const names = (target) => Object.entries(Object.getOwnPropertyDescriptors(target))
        .filter(([name, { value }]) => typeof value === 'function' || name === 'Utf8Stream')
        .map(([name]) => name);
      const refused = [];
      await tokens.alice.run(async () => {
        for (const [prefix, target] of [['', fs], ['promises.', fs.promises]]) {
          for (const name of names(target)) {
            const result = await outcome(() => target[name]());
            if (result === 'ERR_NOT_ROUTED') refused.push(prefix + name);
          }
        }
      });
      print(JSON.stringify(refused));`,
    );
    const possible = ['openAsBlob', 'openAsBlobSync', 'watchFile', 'Utf8Stream'];
    const [major = 0] = process.versions.node.split('.').map(Number);
    const known = possible.filter(
      (name) => (name !== 'openAsBlobSync' || major >= 26) && (name !== 'Utf8Stream' || major >= 24),
    );
    expect(JSON.parse(String(refused))).toEqual(known);
  });

  test('runs unknown synchronous functions in a scope, and throws for other unknown functions', async () => {
    const lines = await linesOf(
      `fs.laterSync = () => world.whoAmI();
      fs.later = () => world.whoAmI();
      fs.Later = class {};
      Object.defineProperty(fs, 'lazy', { get: () => () => 0, configurable: true, enumerable: true });
      Object.defineProperty(fs, 'once', {
        get() { Object.defineProperty(fs, 'once', { value: () => 1, writable: true, configurable: true }); return fs.once; },
        configurable: true, enumerable: true,
      });
      fs.promises.later = () => world.whoAmI();
      require(${JSON.stringify(registerFile)});
      const token = await world.alice.token();
      const attempt = (work) => { try { return work(); } catch (error) { return error.code; } };
      const all = () => [
        fs.laterSync(), attempt(() => fs.later()), attempt(() => typeof new fs.Later()),
        attempt(() => fs.lazy()), attempt(() => fs.once()), attempt(() => fs.once()), attempt(() => fs.promises.later()),
      ].join(' ');
      print(token.run(all));
      print(all());`,
      { execArgv: [lateIsFine] },
      'unrouted',
    );
    const no = 'ERR_NOT_ROUTED';
    expect(lines).toEqual([
      `${world.alice.id} ${no} ${no} ${no} ${no} ${no} ${no}`,
      `${world.serviceId} ${world.serviceId} object 0 1 1 ${world.serviceId}`,
    ]);
  });

  test('changes no visible property of the functions, and does not replace those that need no routing', async () => {
    const source = `const shape = (target) => Object.entries(Object.getOwnPropertyDescriptors(target))
        .filter(([name]) => !/^[FRWX]_OK$/.test(name))
        .map(([name, { value = target[name], enumerable, configurable }]) => [
          name, typeof value, enumerable, configurable, value?.name, value?.length,
          ...(typeof value === 'function' ? Reflect.ownKeys(value).map(String).filter((key) => key !== 'prototype') : []),
        ]);
      const before = { ...fs };
      if (process.argv[2]) require(process.argv[2]);
      const same = ['read', 'write', 'fstat', 'createReadStream', 'Stats', 'constants', 'unwatchFile'];
      print(String(same.filter((name) => fs[name] !== before[name])));
      print(JSON.stringify([shape(fs), shape(fs.promises)]));`;
    const with_ = await linesOf(source, { args: [registerFile], execArgv: ['--no-warnings'] }, 'unrouted');
    const without = await linesOf(source, { execArgv: ['--no-warnings'] }, 'unrouted');
    expect(with_).toEqual(without);
  });
});

describe('modules that are loaded before the package', () => {
  const folder = tempFolder('before');
  const file = (name: string): string => join(folder, name);
  const modules = {
    'holds.cjs': `const { readFileSync } = require('node:fs'); exports.read = readFileSync;`,
    'second.cjs': `module.exports = require('fs').promises.readFile;`,
    'third.cjs': `exports.fs = process.getBuiltinModule?.('fs') ?? 'fs';`,
    'fourth.cjs': `require('fs');`,
    'none.cjs': `exports.offset = 'offsets';`,
    'data.json': `"fs"`,
  };
  beforeAll(() => {
    for (const [name, source] of Object.entries(modules)) writeFileSync(file(name), source);
  });
  const load = (...names: string[]): string =>
    names.map((name) => `require(${JSON.stringify(file(name))});`).join(' ');
  const loadPackage = `require(${JSON.stringify(product)});`;

  const warningsOf = async (source: string, execArgv: string[] = []): Promise<string> =>
    (await runOnThread(source, execArgv)).stderr.replaceAll('\r\n', '\n');

  const warning =
    /^\(node:\d+\) \[IMPERSONATE_LOADED_LATE\] ImpersonationWarning: (.*)\nLoad impersonate before them, or start node with --import impersonate\/register; .*\n\(Use `node --trace-warnings \.\.\.` to show where the warning was created\)\n$/;

  test('are named in one warning, the first three, with the remedy', async () => {
    const stderr = await warningsOf(
      `${load('holds.cjs', 'none.cjs', 'data.json', 'second.cjs', 'third.cjs', 'fourth.cjs')}
      ${loadPackage} require(${JSON.stringify(registerFile)});`,
    );
    const named = ['holds.cjs', 'second.cjs', 'third.cjs'].map((name) => realpathSync(file(name)));
    expect(warning.exec(stderr)?.[1]).toMatch(
      new RegExp(`${named.join(', ').replace(/[\\.]/g, '\\$&')}, and 1 more$`),
    );
  });

  test.each([
    ['one that is preloaded', loadPackage, ['--require', 'holds.cjs']],
    ['one before impersonate/register', '', ['--require', 'holds.cjs', ...loading.import]],
    [
      'the program that loads it late',
      `const fs = require('fs'); setImmediate(() => { ${loadPackage} });`,
      [],
    ],
    ['one that can be read no more', `${load('gone.cjs')} ${loadPackage}`, []],
  ])('emit a warning: %s', async (_name, source, execArgv) => {
    writeFileSync(file('gone.cjs'), `require('node:fs').unlinkSync(__filename);`);
    const options = execArgv.map((arg) => (arg === 'holds.cjs' ? file(arg) : arg));
    expect(await warningsOf(source, options)).toMatch(warning);
  });

  test.each([
    ['modules that do not name node:fs', `${load('none.cjs', 'data.json')} ${loadPackage}`, []],
    ['the program, while it runs', `const fs = require('node:fs'); ${loadPackage}`, []],
    ['modules after it', `${loadPackage} ${load('holds.cjs')} require(${JSON.stringify(registerFile)});`, []],
    ['modules after impersonate/register', `${load('holds.cjs')} ${loadPackage}`, loading.import],
    [
      'its own',
      `require(${JSON.stringify(unrouted)}); require('module').createRequire(${JSON.stringify(product)})('bindings'); ${loadPackage}`,
      [],
    ],
    ['impersonate/unrouted', `${load('holds.cjs')} require(${JSON.stringify(unrouted)});`, []],
  ])('emit no warning: %s', async (_name, source, execArgv) => {
    expect(await warningsOf(source, [...execArgv])).toBe('');
  });
});
