import childProcess from 'node:child_process';
import cluster from 'node:cluster';
import { promisify } from 'node:util';
import { Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { registered } from '../support/children/sources';
import { caught } from '../support/errors';
import { product } from '../support/paths';
import { describeSwitching, expectActingAs } from '../support/world/acting';
import { world } from '../support/world/world';

declare const process: NodeJS.Process & { readonly execve?: unknown };

describeSwitching('child_process in a flow or scope', () => {
  let alice: Token;
  beforeEach(async () => {
    alice = await world.alice.token();
  });
  afterEach(() => {
    alice.close();
  });

  const node = process.execPath;
  const calls: [string, () => unknown][] = [
    ['spawn', () => childProcess.spawn(node, ['-v'])],
    ['spawnSync', () => childProcess.spawnSync(node, ['-v'])],
    ['exec', () => childProcess.exec('exit')],
    ['execSync', () => childProcess.execSync('exit')],
    ['execFile', () => childProcess.execFile(node, ['-v'])],
    ['execFileSync', () => childProcess.execFileSync(node, ['-v'])],
    ['fork', () => childProcess.fork('none.js')],
    ['promisified execFile', () => promisify(childProcess.execFile)(node, ['-v'])],
    ['cluster.fork', () => cluster.fork()],
    [
      'ChildProcess',
      () => {
        const { ChildProcess } = childProcess as unknown as {
          ChildProcess: new () => { spawn(of: object): void };
        };
        new ChildProcess().spawn({ file: node, args: [node, '-v'] });
      },
    ],
  ];

  test.each(calls)('%s throws', (name, call) => {
    const code = name === 'cluster.fork' ? 'ERR_WORKER_IN_FLOW' : 'ERR_NOT_ROUTED';
    alice.runSync(() => {
      expect(caught(call)).toMatchObject({ name: 'ImpersonationError', code });
      expectActingAs(world.alice);
    });
    alice.run(() => {
      expect(caught(call)).toMatchObject({
        name: 'ImpersonationError',
        code,
        message: expect.stringContaining('withoutToken()') as string,
      });
    });
    using _scope = alice.impersonate();
    expect(caught(call).code).toBe(code);
  });

  test.each([{ uid: 0 }, { gid: 0 }, { uid: 4711, gid: 4711 }])(
    'throws for %j by a rule of its own',
    (ids) => {
      alice.runSync(() => {
        for (const start of [childProcess.spawn, childProcess.spawnSync]) {
          expect(caught(() => start(node, ['-v'], ids))).toMatchObject({
            code: 'ERR_NOT_ROUTED',
            message: expect.stringContaining('uid or gid') as string,
          });
        }
      });
    },
  );

  test('a token of the process with fewer rights starts none either', () => {
    using own = Token.process();
    using less = own.restrict({ removePrivileges: own.privileges.map(({ name }) => name) });
    less.runSync(() => {
      expect(caught(() => childProcess.spawnSync(node, ['-v'])).code).toBe('ERR_NOT_ROUTED');
    });
  });

  test('functions captured before the package was loaded throw, and work outside scopes', async () => {
    const lines = await linesOf(
      `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { spawn, spawnSync, execFileSync, fork, ChildProcess } = require('node:child_process');
      const { world } = (require(${JSON.stringify(product)}), require(${JSON.stringify(require.resolve('../support/world/world'))}));
      const node = process.execPath;
      const raw = () => new ChildProcess()._handle.spawn({ file: node, args: [node, '-v'] });
      world.alice.token().then((alice) => {
        for (const enter of [(fn) => alice.runSync(fn), (fn) => alice.run(fn)]) enter(() => {
          for (const start of [() => spawn(node, ['-v']), () => spawnSync(node, ['-v']), () => execFileSync(node, ['-v']), () => fork('none'), raw]) {
            try { start(); print('started'); } catch (error) { print(error.code); }
          }
        });
        print('outside ' + spawnSync(node, ['-p', '1+1'], { encoding: 'utf8' }).stdout.trim());
        spawn(node, ['-e', '0'], { stdio: 'ignore' }).on('exit', (code) => { print('outside ' + code); });
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual([...Array<string>(10).fill('ERR_NOT_ROUTED'), 'outside 2', 'outside 0']);
  });

  test('functions that a tool has replaced by accessors throw too, and missing ones do not matter', async () => {
    const lines = await linesOf(
      `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const childProcess = require('node:child_process');
      const fs = require('node:fs');
      for (const [owner, name] of [[childProcess, 'spawnSync'], [fs, 'accessSync'], [fs, 'existsSync']]) {
        const original = owner[name];
        Object.defineProperty(owner, name, { get: () => original, configurable: true, enumerable: true });
      }
      process.getBuiltinModule = undefined;
      process.setgroups = undefined;
      const { world } = (require(${JSON.stringify(product)}), require(${JSON.stringify(require.resolve('../support/world/world'))}));
      world.alice.token().then((alice) => {
        alice.runSync(() => {
          try { childProcess.spawnSync(process.execPath, ['-v']); print('started'); } catch (error) { print(error.code); }
        });
        print(String(fs.existsSync('.')));
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['ERR_NOT_ROUTED', 'true']);
  });

  test('under the permission model too, where Node exposes no bindings', async () => {
    const [major = 0] = process.versions.node.split('.').map(Number);
    const permissions = ['--allow-fs-read=*', '--allow-addons', '--allow-child-process'];
    const lines = await linesOf(
      `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { spawn } = require('node:child_process');
      const { Token } = require(${JSON.stringify(product)});
      const childProcess = require('node:child_process');
      const node = process.execPath;
      try { process.binding('spawn_sync'); print('given out'); } catch (error) { print(error.code); }
      Token.process().runSync(() => {
        for (const start of [
          () => spawn(node, ['-v']),
          () => childProcess.spawnSync(node, ['-v']),
          () => childProcess.execSync('exit'),
          () => childProcess.execFileSync(node, ['-v']),
        ]) {
          try { start(); print('started'); } catch (error) { print(error.code); }
        }
      });`,
      {
        execArgv: [
          '--no-warnings',
          major < 22 ? '--experimental-permission' : '--permission',
          ...permissions,
        ],
      },
      'bare',
    );
    expect(lines).toEqual(['ERR_ACCESS_DENIED', ...Array<string>(4).fill('ERR_NOT_ROUTED')]);
  });

  // Node 22.15 and later, on Linux.
  (process.execve ? test : test.skip)('a program in the place of this one is refused', async () => {
    const lines = await linesOf(`
      const alice = await world.alice.token();
      alice.runSync(() => {
        try { process.execve(process.execPath, [process.execPath, '-v'], {}); } catch (error) { print(error.code); }
      });`);
    expect(lines).toEqual(['ERR_NOT_ROUTED']);
  });
});

describeSwitching('child_process in withoutToken() inside a flow', () => {
  test('starts the program as the process', async () => {
    const lines = await registered(
      'programs',
      `const { execFile, spawnSync } = require('node:child_process');
      const { withoutToken } = require(${JSON.stringify(product)});
      const version = ['-p', '1+1'];
      await tokens.alice.run(async () => {
        print(await withoutToken(() => new Promise((done) => execFile(process.execPath, version, (_, out) => done(out.trim())))));
        print(withoutToken(() => spawnSync(process.execPath, version).stdout.toString().trim()));
        print(await outcome(() => spawnSync(process.execPath, version)));
      });`,
    );
    expect(lines).toEqual(['2', '2', 'ERR_NOT_ROUTED']);
  });
});
