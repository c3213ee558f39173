import childProcess from 'node:child_process';
import cluster from 'node:cluster';
import type { Token } from 'impersonate';
import { type ChildOptions, linesOf } from '../support/children/child';
import { whoAmI } from '../support/children/programs';
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
  const { ChildProcess } = childProcess as unknown as {
    ChildProcess: new () => { readonly _handle: { spawn(of: object): void } };
  };
  const refused: [string, () => unknown, string][] = [
    ['cluster.fork', () => cluster.fork(), 'ERR_WORKER_IN_FLOW'],
    [
      "node's handle of a process",
      () => {
        new ChildProcess()._handle.spawn({ file: node, args: [node, '-v'] });
      },
      'ERR_NOT_ROUTED',
    ],
  ];

  test.each(refused)('%s throws', (_name, call, code) => {
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

  test('functions captured before the package was loaded act as the user, and work outside scopes', async () => {
    const lines = await linesOf(
      `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const { spawn, spawnSync, execFileSync, ChildProcess } = require('node:child_process');
      const { world } = (require(${JSON.stringify(product)}), require(${JSON.stringify(require.resolve('../support/world/world'))}));
      const node = process.execPath;
      const raw = () => new ChildProcess()._handle.spawn({ file: node, args: [node, '-v'] });
      world.alice.token().then(async (alice) => {
        const who = ['-p', ${JSON.stringify(whoAmI)}];
        const users = [];
        for (const enter of [(fn) => alice.runSync(fn), (fn) => alice.run(fn)]) enter(() => {
          users.push(spawnSync(node, who, { encoding: 'utf8' }).stdout, execFileSync(node, who, { encoding: 'utf8' }));
          const child = spawn(node, who, { stdio: ['ignore', 'pipe', 'inherit'] });
          users.push(new Promise((done) => child.stdout.setEncoding('utf8').once('data', done)));
          try { raw(); print('started'); } catch (error) { print(error.code); }
        });
        for (const user of await Promise.all(users)) print(String(user.trim() === world.alice.id));
        print('outside ' + spawnSync(node, ['-p', '1+1'], { encoding: 'utf8' }).stdout.trim());
        spawn(node, ['-e', '0'], { stdio: 'ignore' }).on('exit', (code) => { print('outside ' + code); });
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual([
      ...Array<string>(2).fill('ERR_NOT_ROUTED'),
      ...Array<string>(6).fill('true'),
      'outside 2',
      'outside 0',
    ]);
  });

  test('functions that a tool has replaced by accessors act as the user too, and missing ones do not matter', async () => {
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
          const { stdout } = childProcess.spawnSync(process.execPath, ['-p', ${JSON.stringify(whoAmI)}], { encoding: 'utf8' });
          print(String(stdout.trim() === world.alice.id));
        });
        print(String(fs.existsSync('.')));
      });`,
      {},
      'bare',
    );
    expect(lines).toEqual(['true', 'true']);
  });

  describe('under the permission model', () => {
    const [major = 0] = process.versions.node.split('.').map(Number);
    const withPermissions = (...more: string[]): ChildOptions => ({
      execArgv: [
        '--no-warnings',
        major < 22 ? '--experimental-permission' : '--permission',
        ...['--allow-fs-read=*', '--allow-addons', ...more],
        // Node opens pipes only with it.
        ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
      ],
    });
    const source = `const print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      const childProcess = require('node:child_process');
      const { spawn } = childProcess;
      const { Token } = require(${JSON.stringify(product)});
      const node = process.execPath;
      const code = (start) => { try { start(); return 'started'; } catch (error) { return error.code; } };`;

    test('functions that do not wait act as the user, and others throw, since node exposes no bindings', async () => {
      const lines = await linesOf(
        `${source}
        print(code(() => process.binding('spawn_sync')));
        const token = Token.process();
        token.run(() => spawn(node, ['-p', ${JSON.stringify(whoAmI)}])).stdout.on('data', (text) => {
          print(String(String(text).trim() === token.user.id));
        });
        token.runSync(() => {
          for (const start of [
            () => childProcess.spawnSync(node, ['-v']),
            () => childProcess.execSync('exit'),
            () => childProcess.execFileSync(node, ['-v']),
            () => token.spawnSync(node, ['-v']),
            () => new childProcess.ChildProcess()._handle.spawn({ file: node, args: [node] }),
          ]) print(code(start));
        });
        print(code(() => token.execSync('exit')));`,
        withPermissions('--allow-child-process'),
        'bare',
      );
      expect(lines).toEqual(['ERR_ACCESS_DENIED', ...Array<string>(6).fill('ERR_NOT_ROUTED'), 'true']);
    });

    test('no program is started without the permission', async () => {
      const lines = await linesOf(
        `${source}
        const token = Token.process();
        print(code(() => token.spawn(node, ['-v'])));
        print(code(() => token.run(() => spawn(node, ['-v']))));
        print(code(() => token.exec('exit', () => {})));`,
        withPermissions(),
        'bare',
      );
      expect(lines).toEqual(Array<string>(3).fill('ERR_ACCESS_DENIED'));
    });
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
        print(spawnSync(process.execPath, ['-p', ${JSON.stringify(whoAmI)}]).stdout.toString().trim() === alice.id);
      });`,
    );
    expect(lines).toEqual(['2', '2', 'true']);
  });
});
