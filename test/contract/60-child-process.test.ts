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

describeSwitching('child_process in a scope', () => {
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

  test.each(calls)('%s throws', (_name, call) => {
    alice.runSync(() => {
      expect(caught(call)).toMatchObject({ name: 'ImpersonationError', code: 'ERR_CHILD_PROCESS_IN_SCOPE' });
      expectActingAs(world.alice);
    });
    using _scope = alice.impersonate();
    expect(caught(call).code).toBe('ERR_CHILD_PROCESS_IN_SCOPE');
  });

  test.each([{ uid: 0 }, { gid: 0 }, { uid: 4711, gid: 4711 }])(
    'throws for %j by a rule of its own',
    (ids) => {
      alice.runSync(() => {
        for (const start of [childProcess.spawn, childProcess.spawnSync]) {
          expect(caught(() => start(node, ['-v'], ids))).toMatchObject({
            code: 'ERR_CHILD_PROCESS_IN_SCOPE',
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
      expect(caught(() => childProcess.spawnSync(node, ['-v'])).code).toBe('ERR_CHILD_PROCESS_IN_SCOPE');
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
        alice.runSync(() => {
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
    expect(lines).toEqual([...Array<string>(5).fill('ERR_CHILD_PROCESS_IN_SCOPE'), 'outside 2', 'outside 0']);
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
    expect(lines).toEqual(['ERR_CHILD_PROCESS_IN_SCOPE', 'true']);
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
    expect(lines).toEqual(['ERR_ACCESS_DENIED', ...Array<string>(4).fill('ERR_CHILD_PROCESS_IN_SCOPE')]);
  });

  // Node 22.15 and later, on Linux.
  (process.execve ? test : test.skip)('a program in the place of this one is refused', async () => {
    const lines = await linesOf(`
      const alice = await world.alice.token();
      alice.runSync(() => {
        try { process.execve(process.execPath, [process.execPath, '-v'], {}); } catch (error) { print(error.code); }
      });`);
    expect(lines).toEqual(['ERR_CHILD_PROCESS_IN_SCOPE']);
  });
});

describeSwitching('child_process under impersonate/register', () => {
  test('warns once that a program started in a flow is the process', async () => {
    const lines = await registered(
      'programs',
      `const { execFile, spawnSync } = require('node:child_process');
      process.removeAllListeners('warning');
      process.on('warning', ({ name, code, message }) => print([name, code, message].join(' ')));
      const version = ['-p', '1+1'];
      spawnSync(process.execPath, version);
      await new Promise(setImmediate);
      print('before');
      await tokens.alice.run(async () => {
        print(await new Promise((done) => execFile(process.execPath, version, (_, out) => done(out.trim()))));
        print(spawnSync(process.execPath, version).stdout.toString().trim());
      });`,
    );
    expect(lines).toEqual([
      'before',
      expect.stringMatching(
        /^ImpersonationWarning IMPERSONATE_CHILD_PROCESS_AS_PROCESS child_process\.execFile\(\) inside a flow/,
      ),
      '2',
      '2',
    ]);
  });
});
