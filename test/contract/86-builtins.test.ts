import { linesOf } from '../support/children/child';
import { registerFile, usersSource } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';

const deferred = JSON.stringify(registerFile.replace('register.js', 'deferred.js'));

/** `modules`: the exports of every built-in module of this node, and `process`, by name. */
const modules = `
  process.noDeprecation = true;
  const { builtinModules } = require('node:module');
  const unlisted = ['node:sea', 'node:sqlite', 'node:test', 'node:test/reporters'];
  const load = (name) => { try { return require(name.startsWith('node:') ? name : 'node:' + name); } catch { return {}; } };
  const modules = Object.fromEntries([...new Set([...builtinModules, ...unlisted])].map((name) => [name, load(name)]));
  const namesOf = (value) => {
    const own = Object.getOwnPropertyNames(value);
    return typeof value === 'function' ? own.filter((name) => !['length', 'name', 'prototype'].includes(name)) : own;
  };`;

describeSwitching('the table of built-in modules', () => {
  test('names every export of this version of node, and of process', async () => {
    const lines = await linesOf(
      `${modules}
      const { builtin, kindOf } = require(${deferred});
      for (const [name, value] of Object.entries(modules)) {
        const exports = builtin(name);
        if (!exports) print(name);
        else for (const key of namesOf(value)) if (!kindOf(exports, key)) print(name + '.' + key);
      }
      for (const key of [...namesOf(process), ...namesOf(Object.getPrototypeOf(process))]) {
        if (!kindOf(builtin('process'), key)) print('process.' + key);
      }
      print('done');`,
      { execArgv: ['--no-warnings'] },
    );
    expect(lines).toEqual(['done']);
  });

  test('lists no export twice', async () => {
    const lines = await linesOf(
      `const { builtins } = require(${deferred});
      for (const [name, { remarks, ...kinds }] of Object.entries(builtins)) {
        const all = Object.values(kinds).join(' ').split(' ');
        if (new Set(all).size < all.length || (all.includes('*') && all.length > 1)) print(name);
      }
      print('done');`,
    );
    expect(lines).toEqual(['done']);
  });

  // Arguments with which a function comes to the guard, and does no harm without it.
  const args = `const sqlite = modules['node:sqlite'];
    const database = sqlite.DatabaseSync && new sqlite.DatabaseSync(':memory:');
    const node = process.execPath;
    const args = {
      'process.chdir': ['.'], 'process.umask': [0o22], 'process.binding': ['os'], 'process._linkedBinding': ['none'],
      'process.setuid': [0], 'process.seteuid': [0], 'process.setgid': [0], 'process.setegid': [0],
      'process.setgroups': [[0]], 'process.initgroups': [0, 0], 'process.execve': [node, [node, '-v'], {}],
      'process._debugProcess': [2 ** 30], 'crypto.setEngine': ['none'], 'os.setPriority': [0, 0],
      'v8.setHeapSnapshotNearHeapLimit': [1], 'v8.setHeapProfileNearHeapLimit': [1],
      'module.enableCompileCache': [folder],
      'node:sqlite.DatabaseSync': [path.join(folder, 'database')], 'node:sqlite.backup': [database, path.join(folder, 'copy')],
      'wasi.WASI': [{ version: 'preview1', preopens: { '/': folder } }],
      'worker_threads.Worker': ['', { eval: true }],
    };
    process.chdir(folder);`;

  test('refused functions throw in a flow and in a scope', async () => {
    const program = `${modules}
      const { builtins, refusedOf } = require(${deferred});
      const codes = [];
      const call = (name, key) => {
        const path = key.split('.');
        const last = path.pop();
        const owner = path.reduce((object, part) => object[part], name === 'process' ? process : modules[name]);
        if (typeof owner?.[last] !== 'function') return 'absent';
        try {
          const given = args[name + '.' + key] ?? [];
          if (/^[A-Z]/.test(last)) new owner[last](...given);
          else owner[last](...given);
          return 'called';
        } catch (error) {
          return error.code ?? error.message;
        }
      };
      const every = (where) => {
        for (const name of Object.keys(builtins)) for (const key of refusedOf(name)) {
          const code = call(name, key);
          const isOk = ['absent', 'ERR_NOT_ROUTED', 'ERR_WORKER_IN_FLOW'].includes(code) || (where === 'scope' && code === 'ERR_SCOPE_ACTIVE');
          if (!isOk) codes.push([where, name, key, code].join(' '));
        }
      };`;
    const lines = await linesOf(
      `${usersSource('refused')}
      ${program}
      ${args}
      tokens.alice.run(() => every('flow'));
      tokens.alice.runSync(() => every('scope'));
      print(JSON.stringify(codes));`,
      { execArgv: ['--no-warnings'] },
    );
    expect(lines).toEqual(['[]']);
  });
});
