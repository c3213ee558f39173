import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { linesOf, runSource, type ChildOptions, type SourceKind } from '../support/children/child';
import { loading, lateIsFine } from '../support/children/sources';
import { product, productModule, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const url = (...names: string[]): string => JSON.stringify(pathToFileURL(join(root, ...names)).href);
const queue = url('node_modules', 'p-queue', 'dist', 'index.js');
const bluebird = url('node_modules', 'bluebird', 'js', 'release', 'bluebird.js');
const worldModule = url('dist-test', 'support', 'world', 'world.js');
const impersonate = JSON.stringify(pathToFileURL(productModule).href);

const preamble = `import fs from 'node:fs'; import world_ from ${worldModule}; const { world } = world_;
  const print = (text) => fs.writeSync(1, text + '\\n');`;
/** Hands work to a queue in two flows and outside of flows, and prints the users that it ran as. */
const body = `
  const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
  const names = new Map([[world.alice.id, 'alice'], [world.bob.id, 'bob']]);
  const who = async () => { await new Promise((done) => setTimeout(done, 5)); return names.get(Token.current()?.user.id) ?? 'none'; };
  const handAsAll = async (hand) => print(String(await Promise.all(
    ['alice', 'bob', '', 'bob', ''].map((name) => (tokens[name] ? tokens[name].run(hand) : hand())),
  )));
  const useQueue = (PQueue) => { const queue = new PQueue({ concurrency: 1 }); return handAsAll(() => queue.add(who)); };
  const useBluebird = (Promise) => handAsAll(() => Promise.resolve().then(who));`;
const each = 'alice,bob,none,bob,none';
const importQueue = `import PQueue from ${queue};`;
const importBluebird = `import Bluebird from ${bluebird};`;
const importPackage = `import { Token } from ${impersonate};`;
const use = 'await useQueue(PQueue); await useBluebird(Bluebird); process.exit();';

const programs: [name: string, source: string, options?: ChildOptions, kind?: SourceKind][] = [
  [
    'import, the package first',
    `${importPackage} ${importQueue} ${importBluebird} ${preamble} ${body} ${use}`,
  ],
  [
    'import, the package last',
    `${importBluebird} ${importQueue} ${importPackage} ${preamble} ${body} ${use}`,
  ],
  [
    'import, under impersonate/register',
    `${importBluebird} ${importQueue} ${importPackage} ${preamble} ${body} ${use}`,
    { execArgv: loading.import },
  ],
  [
    'import(), before the package',
    `const { default: PQueue } = await import(${queue}); const { default: Bluebird } = await import(${bluebird});
    const { Token } = await import(${impersonate}); ${preamble} ${body} ${use}`,
  ],
  [
    'import(), in a flow',
    `${importPackage} ${preamble} ${body}
    const [{ default: PQueue }, { default: Bluebird }] = await tokens.alice.run(() => Promise.all([import(${queue}), import(${bluebird})]));
    ${use}`,
  ],
  [
    'import() in CommonJS, before the package',
    `(async () => {
      const { default: PQueue } = await import(${queue}); const { default: Bluebird } = await import(${bluebird});
      const { Token } = require(${JSON.stringify(product)}); const fs = require('node:fs');
      const { default: { world } } = await import(${worldModule}); const print = (text) => fs.writeSync(1, text + '\\n');
      ${body} ${use}
    })();`,
    {},
    'bare',
  ],
  [
    'import() in CommonJS, after the package',
    `(async () => {
      const { Token } = require(${JSON.stringify(product)}); const fs = require('node:fs');
      const { default: { world } } = await import(${worldModule}); const print = (text) => fs.writeSync(1, text + '\\n');
      ${body}
      const { default: PQueue } = await import(${queue}); const { default: Bluebird } = await import(${bluebird});
      ${use}
    })();`,
    {},
    'bare',
  ],
];

/** Node 20 has no hooks for what is imported when there are tokens. */
const later = ['import(), in a flow', 'import() in CommonJS, after the package'];
const possible = programs.filter(
  ([name]) => parseInt(process.versions.node, 10) > 20 || !later.includes(name),
);

describeSwitching('packages that put off work run it in its flow, loaded by', () => {
  test.each(possible)('%s', async (_name, source, options = {}, kind = 'module') => {
    const execArgv = [lateIsFine, ...(options.execArgv ?? [])];
    expect(await linesOf(source, { ...options, execArgv }, kind)).toEqual([each, each]);
  });

  test('require(), before the package', async () => {
    const lines = await linesOf(
      `(async () => {
      const load = require('node:module').createRequire(${JSON.stringify(join(root, 'package.json'))});
      const { default: PQueue } = load('p-queue-6'); const Bluebird = load('bluebird'); const async = load('async');
      const { Token } = require(${JSON.stringify(product)}); const fs = require('node:fs');
      const { world } = require(${JSON.stringify(join(root, 'dist-test', 'support', 'world', 'world.js'))});
      const print = (text) => fs.writeSync(1, text + '\\n');
      ${body}
      const queue = async.queue(async () => who(), 1);
      await handAsAll(() => queue.pushAsync('x'));
      ${use}
    })();`,
      {},
      'bare',
    );
    expect(lines).toEqual([each, each, each]);
  });

  test('require(), before the package, if it is a function: a warning names it', async () => {
    const { stderr } = await runSource(
      `require('node:module').createRequire(${JSON.stringify(join(root, 'package.json'))})('fastq'); require(${JSON.stringify(product)});`,
      {},
      'bare',
    );
    expect(stderr).toMatch(
      /IMPERSONATE_LOADED_LATE\] ImpersonationWarning: Modules loaded before impersonate may run the work of one user as another: fastq 1\.\d+\.\d+\nLoad impersonate before them/,
    );
  });
});
