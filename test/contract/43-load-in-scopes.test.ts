import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { probeAddon, root } from '../support/paths';
import { loading, usersSource } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';

const addon =
  process.platform === 'win32' ? join(root, 'build-win32-x64', 'Release', 'seam.node') : probeAddon;

/** Source that puts modules into a folder which only the service may open. Each says who the kernel takes it for. */
const modules = `
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

/** What a scope of a user who may not open the folder comes to. */
const loads: Readonly<Record<string, readonly [source: string, result: string]>> = {
  'require()': [`require(file('common.cjs'))`, 'process'],
  'require.resolve()': [`path.basename(require.resolve(file('resolved.cjs')))`, 'resolved.cjs'],
  'createRequire()': [`Module.createRequire(file('x.js'))('./created.cjs')`, 'process'],
  'a JSON file': [`require(file('data.json')).x`, 'data'],
  'the load() of a module': [`load('loaded.cjs')`, 'process'],
  'a native addon': [`typeof require(file('required.node'))`, 'object'],
  'process.dlopen()': [`dlopen('opened.node')`, 'object'],
  'a module of node': [`typeof require('node:repl').start`, 'function'],
};

describeSwitching('in a synchronous scope', () => {
  test('modules and native addons are loaded by the process, and the scope goes on', async () => {
    const steps = Object.values(loads).map(
      ([source]) => `say(await outcome(() => tokens.alice.runSync(() => ${source} + ' ' + who())));`,
    );
    const source = `${usersSource('load-in-scopes')} ${modules} ${steps.join('\n')} say(who());`;
    const lines = await linesOf(source, { execArgv: loading.import });
    expect(lines).toEqual([...Object.values(loads).map(([, result]) => `${result} user`), 'process']);
  });

  test('so is an addon where modules are not routed', async () => {
    const lines = await linesOf(
      `${usersSource('dlopen-in-scopes')} ${modules}
      say(await outcome(() => tokens.alice.runSync(() => dlopen('opened.node') + ' ' + who())));`,
    );
    expect(lines).toEqual(['object user']);
  });

  test('so is a module of node that process.getBuiltinModule() loads', async () => {
    // Node's cluster asks for a variable of the environment while it is loaded.
    const lines = await linesOf(
      `const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      world.alice.token().then((token) => {
        let seen = 'no module';
        process.env = new Proxy(process.env, {
          getOwnPropertyDescriptor(target, name) {
            if (name === 'NODE_UNIQUE_ID') seen = world.whoAmI() === world.serviceId ? 'process' : 'user';
            return Reflect.getOwnPropertyDescriptor(target, name);
          },
          has(target, name) {
            if (name === 'NODE_UNIQUE_ID') seen = world.whoAmI() === world.serviceId ? 'process' : 'user';
            return Reflect.has(target, name);
          },
        });
        const after = token.runSync(() => {
          process.getBuiltinModule('node:cluster');
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
    // Node makes them when they are first read: here it is told apart who reads, first and then again.
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
