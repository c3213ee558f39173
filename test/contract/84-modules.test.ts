import { join } from 'node:path';
import { linesOf, runSource } from '../support/children/child';
import { loading, registered, usersSource } from '../support/children/sources';
import { probeAddon, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

/**
 * Source that writes modules to the folder `modules`, which only the service may open; each exports the identity that
 * its code runs as. `file(name)` is the path of one; `direct` shows that the flow itself may not read them.
 */
const modules = `
  const modules = path.join(folder, 'modules');
  const file = (name) => path.join(modules, name);
  const url = (name) => require('node:url').pathToFileURL(file(name)).href;
  globalThis.who = () => (Token.current().user.id === world.serviceId ? 'process' : 'user');
  fs.mkdirSync(path.join(modules, 'package'), { recursive: true });
  const sources = {
    'common.cjs': "module.exports = 'common ' + who()",
    'lazy.cjs': "exports.load = () => require('./inner.cjs')",
    'inner.cjs': "module.exports = 'inner ' + who()",
    'package/package.json': '{ "main": "main.js" }',
    'package/main.js': "module.exports = 'package ' + who()",
    'data.json': '{ "x": "data" }',
    'imported.json': '{ "x": "imported" }',
    'imported.cjs': "module.exports = 'imported ' + who()",
    'module.mjs': "import inner from './nested.cjs'; export default 'module with ' + inner;",
    'nested.cjs': "module.exports = 'nested ' + require('./deep.cjs')",
    'deep.cjs': "module.exports = 'deep ' + who()",
    'missing.cjs': "require('./nowhere.cjs')",
    'hooked.cjs': 'not JavaScript',
    'hooked.mjs': 'not JavaScript',
    'compiled.cjs': "exports.fail = () => { throw new Error('mine'); };\\n//# sourceMappingURL=compiled.cjs.map",
    'compiled.mjs': "export const fail = () => { throw new Error('mine'); };\\n//# sourceMappingURL=compiled.cjs.map",
    'compiled.cjs.map': JSON.stringify({ version: 3, sources: ['original.ts'], names: [], mappings: 'AAAA' }),
    'original.ts': 'throws();',
  };
  for (const [name, source] of Object.entries(sources)) {
    fs.writeFileSync(file(name), source);
    world.own(file(name), 'service');
  }
  world.own(path.join(modules, 'package'), 'service');
  world.own(modules, 'service');
  const { createRequire } = require('node:module');
  const direct = () => outcome(() => fs.readFileSync(file('common.cjs'), 'utf8'));
`;

/** Each runs twice in a flow that may not open the folder. */
const loads: Readonly<Record<string, readonly [source: string, result: string]>> = {
  require: [`require(file('common.cjs'))`, 'common process'],
  'a lazy require': [`require(file('lazy.cjs')).load()`, 'inner process'],
  'createRequire()': [`createRequire(file('x.js'))('./inner.cjs')`, 'inner process'],
  'a folder': [`require(file('package'))`, 'package process'],
  'require.resolve()': [`path.basename(require.resolve(file('package')))`, 'main.js'],
  JSON: [`require(file('data.json')).x`, 'data'],
  'import() of CommonJS': [`(await import(url('imported.cjs'))).default`, 'imported process'],
  'import()': [`(await import(url('module.mjs'))).default`, 'module with nested deep process'],
  'import() of JSON': [
    `(await import(url('imported.json'), { with: { type: 'json' } })).default.x`,
    'imported',
  ],
  'a missing one': [`outcome(() => require(file('missing.cjs')))`, 'MODULE_NOT_FOUND'],
};

describeSwitching('modules under impersonate/register', () => {
  test.each([
    'node:internal/modules/cjs/loader',
    'node:internal/modules/esm/load',
    'node:internal/source_map/source_map_cache',
  ])('a script with the file name %s reads as the user', async (filename) => {
    const lines = await registered(
      'modules',
      `${modules}
      const read = require('node:vm').runInThisContext('(name, ...args) => fs[name](...args)', { filename: '${filename}' });
      globalThis.fs = fs;
      const wait = (name) => new Promise((done, fail) => { read(name, file('common.cjs'), (error) => { error ? fail(error) : done('read'); }); });
      await tokens.alice.run(async () => {
        for (const name of ['readFileSync', 'realpathSync']) print(await outcome(() => read(name, file('common.cjs'))));
        print(await outcome(() => wait('readFile')));
      });`,
    );
    expect(lines).toEqual(Array(3).fill('denied'));
  });

  test.each(Object.entries(loads))(
    "%s in a flow is the process's business",
    async (_name, [source, result]) => {
      const lines = await registered(
        'modules',
        `${modules}
      process.removeAllListeners('warning');
      await tokens.alice.run(async () => {
        print(await direct());
        print(await ${source});
        print(await ${source});
        print(await direct());
        print(who());
      });`,
      );
      expect(lines).toEqual(['denied', result, result, 'denied', 'user']);
    },
  );

  test('require() in a synchronous scope reads as the process too', async () => {
    const lines = await registered(
      'modules-scope',
      `${modules}
      tokens.alice.runSync(() => {
        print(path.basename(require.resolve(file('package'))));
        print(require(file('common.cjs')));
        print(world.whoAmI());
      });
      {
        const scope = tokens.alice.impersonate();
        print(require(file('lazy.cjs')).load());
        print(world.whoAmI());
        scope.revert();
      }`,
    );
    expect(lines).toEqual(['main.js', 'common process', world.alice.id, 'inner process', world.alice.id]);
  });

  test('work that a module starts while it is loaded is not in the flow', async () => {
    const lines = await registered(
      'modules-later',
      `fs.writeFileSync(path.join(folder, 'timer.cjs'), 'exports.later = new Promise((done) => setTimeout(() => done(who()), 1))');
      globalThis.who = () => (Token.current().user.id === world.serviceId ? 'process' : 'user');
      print(await tokens.alice.run(() => require(path.join(folder, 'timer.cjs')).later));`,
    );
    expect(lines).toEqual(['process']);
  });

  test('hooks that compile modules read as the process', async () => {
    const lines = await registered(
      'modules-hooks',
      `${modules}
      const { registerHooks } = require('node:module');
      if (!registerHooks) {
        print('none');
      } else {
        const hooks = registerHooks({
          load(url, context, next) {
            if (!url.includes('hooked')) return next(url, context);
            fs.readFileSync(new URL(url));
            const format = url.endsWith('.mjs') ? 'module' : 'commonjs';
            const source = format === 'module' ? 'export default who()' : 'module.exports = who()';
            return { format, source, shortCircuit: true };
          },
        });
        await tokens.alice.run(async () => {
          print(require(file('hooked.cjs')));
          print((await import(url('hooked.mjs'))).default);
        });
        print(typeof hooks.deregister);
      }`,
    );
    // The code of an imported module runs in the flow that imported it.
    if (lines[0] !== 'none') expect(lines).toEqual(['process', 'user', 'function']);
  });

  test('stack traces are mapped to sources that the user may not read', async () => {
    const source = `${usersSource('modules-maps')} ${modules}
      await tokens.alice.run(async () => {
        for (const { fail } of [require(file('compiled.cjs')), await import(url('compiled.mjs'))]) {
          try {
            fail();
          } catch (error) {
            print(/original\\.ts|compiled\\..js/.exec(error.stack)[0]);
          }
        }
      });`;
    const lines = await linesOf(source, { execArgv: [...loading.import, '--enable-source-maps'] });
    expect(lines).toEqual(['original.ts', 'original.ts']);
  });

  test('the source lines of an uncaught exception are mapped too', async () => {
    const source = `${usersSource('modules-fatal')} ${modules}
      const { fail } = require(file('compiled.cjs'));
      tokens.alice.run(() => setImmediate(fail));
      await new Promise(() => setTimeout(() => {}, 1000));`;
    const execArgv = [...loading.import, '--enable-source-maps'];
    const { code, stderr } = await runSource(source, { execArgv });
    expect(code).toBe(1);
    expect(stderr).toContain('original.ts:1');
    expect(stderr).toContain('throws();');
  });

  test('under impersonate/unrouted, a scope cannot load them', async () => {
    const lines = await linesOf(
      `${usersSource('modules-naive')} ${modules}
      print(await outcome(() => tokens.alice.runSync(() => require(file('common.cjs')))));`,
      {},
      'unrouted',
    );
    expect(lines).not.toEqual(['common process']);
  });
});

const addon =
  process.platform === 'win32' ? join(root, 'build-win32-x64', 'Release', 'seam.node') : probeAddon;

/** Source that writes modules to a folder that only the service may open. Each exports its identity by the kernel. */
const scopeModules = `
  const Module = require('node:module');
  globalThis.who = () => (world.whoAmI() === world.serviceId ? 'process' : 'user');
  const modules = path.join(folder, 'modules');
  fs.mkdirSync(modules);
  const sources = {
    'common.cjs': 'module.exports = who()',
    'loaded.cjs': 'module.exports = who()',
    'resolved.cjs': 'module.exports = who()',
    'created.cjs': 'module.exports = who()',
    'data.json': '{ "x": "data" }',
  };
  for (const [name, source] of Object.entries(sources)) fs.writeFileSync(path.join(modules, name), source);
  for (const name of ['required.node', 'opened.node']) fs.copyFileSync(${JSON.stringify(addon)}, path.join(modules, name));
  const file = (name) => path.join(modules, name);
  for (const name of fs.readdirSync(modules)) world.own(file(name), 'service');
  world.own(modules, 'service');
  const load = (name) => { const module = new Module(file(name)); module.load(file(name)); return module.exports; };
  const dlopen = (name) => { const module = { exports: {} }; process.dlopen(module, file(name)); return typeof module.exports; };
`;

/** The results in a scope of a user that may not open the folder. */
const scopeLoads: Readonly<Record<string, readonly [source: string, result: string]>> = {
  'require()': [`require(file('common.cjs'))`, 'process'],
  'require.resolve()': [`path.basename(require.resolve(file('resolved.cjs')))`, 'resolved.cjs'],
  'createRequire()': [`Module.createRequire(file('x.js'))('./created.cjs')`, 'process'],
  'a JSON file': [`require(file('data.json')).x`, 'data'],
  'the load() of a module': [`load('loaded.cjs')`, 'process'],
  'a native addon': [`typeof require(file('required.node'))`, 'object'],
  'process.dlopen()': [`dlopen('opened.node')`, 'object'],
  'a module of node': [`typeof require('node:repl').start`, 'function'],
};

describeSwitching('loading in a synchronous scope', () => {
  test('modules and native addons are loaded by the process, and the scope goes on', async () => {
    const steps = Object.values(scopeLoads).map(
      ([source]) => `print(await outcome(() => tokens.alice.runSync(() => ${source} + ' ' + who())));`,
    );
    const source = `${usersSource('load-in-scopes')} ${scopeModules} ${steps.join('\n')} print(who());`;
    const lines = await linesOf(source, { execArgv: loading.import });
    expect(lines).toEqual([...Object.values(scopeLoads).map(([, result]) => `${result} user`), 'process']);
  });

  test('an addon is loaded by the process even if modules are not routed', async () => {
    const lines = await linesOf(
      `${usersSource('dlopen-in-scopes')} ${scopeModules}
      print(await outcome(() => tokens.alice.runSync(() => dlopen('opened.node') + ' ' + who())));`,
    );
    expect(lines).toEqual(['object user']);
  });

  test('a built-in module that process.getBuiltinModule() loads is loaded by the process', async () => {
    // node:sys warns while it is loaded.
    const lines = await linesOf(
      `const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      world.alice.token().then((token) => {
        let seen = 'no module';
        process.emitWarning = () => {
          seen = world.whoAmI() === world.serviceId ? 'process' : 'user';
        };
        const after = token.runSync(() => {
          process.getBuiltinModule('node:sys');
          return world.whoAmI() === world.serviceId ? 'process' : 'user';
        });
        require('node:fs').writeSync(1, seen + ' ' + after);
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['process user']);
  });

  test('the streams of standard input and output are made by the process', async () => {
    // Node makes them when they are first read: this records the identity at the first and the second read.
    const lines = await linesOf(
      `const names = ['stdin', 'stdout', 'stderr'];
      let who = () => 'too early';
      for (const name of names) Object.defineProperty(process, name, { configurable: true, get: () => who() });
      const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      world.alice.token().then((token) => {
        who = () => (world.whoAmI() === world.serviceId ? 'process' : 'user');
        const seen = token.runSync(() => names.map((name) => process[name] + ' ' + process[name]));
        require('node:fs').writeSync(1, seen.join('\\n'));
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['process user', 'process user', 'process user']);
  });
});
