import { once } from 'node:events';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { linesOf, type SourceKind, writeSource } from '../support/children/child';
import { loading, registered, registerFile, usersSource } from '../support/children/sources';
import { tempFolder } from '../support/folders';
import { product, root, unrouted } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/world';

/** The witnesses of a child that begins with impersonate/unrouted are loaded before it is routed. */
const lateIsFine = '--disable-warning=IMPERSONATE_LOADED_LATE';

/** Runs a source on a thread of its own; what it has printed. */
async function thread(
  source: string,
  execArgv: string[] = [],
  kind: SourceKind = 'bare',
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const worker = new Worker(writeSource(kind, source), { execArgv, stdout: true, stderr: true });
  const ended = once(worker, 'exit');
  const [stdout, stderr] = await Promise.all([text(worker.stdout), text(worker.stderr)]);
  expect(await ended).toEqual([0]);
  return { stdout, stderr };
}

/** Every form that node:fs has for reading a file, as `forms[name](path)`. */
const forms = `
  const { promisify } = require('node:util');
  const events = require('node:events');
  const streamed = async (stream) => {
    let text = '';
    for await (const part of stream) text += part;
    return text;
  };
  class Subclass extends fs.ReadStream {}
  class OwnOpen extends fs.ReadStream {
    open() {
      fs.open(this.path, 'r', (error, fd) => {
        if (error) return this.emit('error', error);
        this.fd = fd;
        this.emit('open', fd);
        this.emit('ready');
      });
    }
  }
  const readOpened = async (fd) => {
    const text = fs.readFileSync(fd, 'utf8');
    fs.closeSync(fd);
    return text;
  };
  const forms = {
    readFileSync: (file) => fs.readFileSync(file, 'utf8'),
    openSync: (file) => readOpened(fs.openSync(file)),
    readFile: (file) => new Promise((resolve, reject) => {
      fs.readFile(file, 'utf8', (error, text) => (error ? reject(error) : resolve(text)));
    }),
    open: (file) => promisify(fs.open)(file).then(readOpened),
    promisified: (file) => promisify(fs.readFile)(file, { encoding: 'utf8' }),
    promises: (file) => fs.promises.readFile(file, 'utf8'),
    'fs/promises': (file) => require('fs/promises').readFile(file, 'utf8'),
    handle: async (file) => {
      const handle = await fs.promises.open(file);
      try {
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    },
    createReadStream: (file) => streamed(fs.createReadStream(file, 'utf8')),
    'new ReadStream': (file) => streamed(new fs.ReadStream(file)),
    ReadStream: (file) => streamed(fs.ReadStream(file)),
    FileReadStream: (file) => streamed(new fs.FileReadStream(file)),
    subclass: (file) => streamed(new Subclass(file)),
    'subclass that opens by itself': (file) => streamed(new OwnOpen(file)),
    existsSync: (file) => (fs.existsSync(path.join(path.dirname(file), 'file')) ? fs.readFileSync(file, 'utf8') : 'denied'),
  };`;

const formNames = [...forms.matchAll(/^ {4}'?([\w /]+?)'?: /gm)].map(([, name]) => String(name));

describeSwitching('impersonate/register', () => {
  test.each(Object.entries(loading))(
    'by --%s: all forms of node:fs read as the flow',
    async (_name, execArgv) => {
      const source = `${usersSource('register')} ${forms}
      const readAll = async (who) => {
        for (const [name, read] of Object.entries(forms)) {
          const seen = [];
          for (const file of [within(alice, 'file'), within(bob, 'file'), secret]) {
            seen.push(await outcome(() => read(file)));
            await new Promise(setImmediate);
          }
          say([who, name, ...seen].join(': '));
        }
      };
      await Promise.all([tokens.alice.run(readAll, 'alice'), tokens.bob.run(readAll, 'bob')]);
      say(String(await forms.promises(secret)));
      say(await outcome(() => forms.createReadStream(secret)));`;
      const lines = await linesOf(source, { execArgv });
      expect(formNames).toHaveLength(15);
      const expected = formNames.flatMap((name) => [
        `alice: ${name}: of alice: denied: denied`,
        `bob: ${name}: denied: of bob: denied`,
      ]);
      expect(lines.slice(0, -2).sort()).toEqual(expected.sort());
      expect(lines.slice(-2)).toEqual(['of the service', 'of the service']);
    },
  );

  const naive = (): string => `${usersSource('naive')} ${forms}
    const names = ['readFileSync', 'readFile', 'promises', 'createReadStream'];
    const readAll = () => tokens.alice.run(async () => {
      for (const name of names) say(await outcome(() => forms[name](secret)));
    });
    await readAll();`;

  test('is not needed for it: the package routes node:fs', async () => {
    expect(await linesOf(naive())).toEqual(Array(4).fill('denied'));
  });

  test('with impersonate/unrouted alone, a flow reads through fs.promises what only the service may', async () => {
    expect(await linesOf(naive(), {}, 'unrouted')).toEqual(Array(4).fill('of the service'));
  });

  test('the package ends that for the whole thread', async () => {
    const source = `${naive()}
      require(${JSON.stringify(product)});
      await readAll();`;
    expect(await linesOf(source, { execArgv: [lateIsFine] }, 'unrouted')).toEqual([
      ...Array<string>(4).fill('of the service'),
      ...Array<string>(4).fill('denied'),
    ]);
  });

  test.each(['index.js', 'fs.js', 'http.js', 'register.js', 'index.mjs', 'unrouted.js', 'unrouted.mjs'])(
    'dist/%s routes the thread that loads it, if it is not unrouted',
    async (entry) => {
      const { stdout, stderr } = await thread(
        `import fs from 'node:fs';
        const { readFile } = fs.promises;
        await import(${JSON.stringify(pathToFileURL(join(root, 'dist', entry)).href)});
        console.log(fs.promises.readFile === readFile);`,
        [],
        'module',
      );
      expect({ stdout: stdout.trim(), stderr }).toEqual({
        stdout: String(entry.startsWith('unrouted')),
        stderr: '',
      });
    },
  );

  test('impersonate/unrouted does not undo it', async () => {
    const source = `require(${JSON.stringify(unrouted)}); ${naive()}`;
    expect(await linesOf(source)).toEqual(Array(4).fill('denied'));
  });

  test('ESM named imports follow, and so do those taken before it was loaded', async () => {
    const source = (): string => `
      import { readFile, readFileSync, createReadStream, ReadStream } from 'node:fs';
      import { readFile as read } from 'node:fs/promises';
      ${usersSource('esm')}
      const all = async () => {
        say(await outcome(() => readFileSync(secret, 'utf8')));
        say(await outcome(() => read(secret, 'utf8')));
        say(await outcome(() => new Promise((done) => readFile(secret, (error) => done(codeOf(error ?? {}))))));
        say(await outcome(() => new Promise((_, fail) => createReadStream(secret).on('error', fail))));
        say(await outcome(() => new Promise((_, fail) => new ReadStream(secret).on('error', fail))));
      };
      require(${JSON.stringify(registerFile)});
      await tokens.alice.run(all);`;
    const denied = Array(5).fill('denied');
    expect(await linesOf(source(), {}, 'mjs')).toEqual(denied);
    expect(await linesOf(source(), { execArgv: loading.import }, 'mjs')).toEqual(denied);
    const twice = { execArgv: [...loading.require, ...loading.import] };
    expect(await linesOf(source(), twice, 'mjs')).toEqual(denied);
  });

  test('writes, lists, makes and removes as the flow', async () => {
    const lines = await registered(
      'changes',
      `const changes = {
        writeFileSync: (p) => fs.writeFileSync(p, 'x'),
        'promises.unlink': (p) => fs.promises.unlink(p),
        createWriteStream: (p) => new Promise((done, fail) => {
          fs.createWriteStream(p).on('error', fail).on('finish', done).end('x');
        }),
        rename: (p) => new Promise((done, fail) => {
          fs.rename(p, p + '2', (error) => (error ? fail(error) : done()));
        }),
        readdirSync: (p) => void fs.readdirSync(path.dirname(p)),
        'promises.readdir': (p) => fs.promises.readdir(path.dirname(p)).then(() => {}),
        unlinkSync: (p) => fs.unlinkSync(p + '2'),
        mkdirSync: (p) => fs.mkdirSync(p),
        'promises.rmdir': (p) => fs.promises.rmdir(p),
      };
      await tokens.alice.run(async () => {
        for (const [name, change] of Object.entries(changes)) {
          const own = await outcome(() => change(within(alice, 'new')));
          const other = await outcome(() => change(within(bob, 'new')));
          say([name, own, other].join(' '));
        }
      });`,
    );
    expect(lines).toHaveLength(9);
    for (const line of lines) expect(line).toMatch(/^\S+ {2}denied$/);
  });

  test('what is opened in a flow stays usable outside, and the other way round', async () => {
    const lines = await registered(
      'descriptors',
      `const fd = tokens.alice.run(() => fs.openSync(within(alice, 'file')));
      say(fs.readFileSync(fd, 'utf8'));
      fs.closeSync(fd);
      const own = fs.openSync(secret, 'r+');
      await tokens.alice.run(async () => {
        say(fs.readFileSync(own, 'utf8'));
        say(await new Promise((done) => fs.read(own, Buffer.alloc(20), 0, 20, 0, (_, n) => done(String(n)))));
        const written = await new Promise((done) => fs.writeFile(own, '!', (error) => done(String(error))));
        say(written);
        await new Promise((done) => fs.close(own, done));
      });
      say(fs.readFileSync(secret, 'utf8'));`,
    );
    expect(lines).toEqual(['of alice', 'of the service', '14', 'null', 'of the service!']);
  });

  test('in a synchronous scope too, what is left for later is done as the user', async () => {
    const lines = await registered(
      'scopes',
      `const later = [];
      const start = () => {
        const started = [
          fs.promises.readFile(within(alice, 'file'), 'utf8'),
          fs.promises.readFile(secret),
          new Promise((done, fail) => fs.readFile(secret, (error) => (error ? fail(error) : done()))),
          new Promise((done, fail) => fs.createReadStream(secret).on('error', fail).on('open', done)),
          new Promise((done, fail) => {
            new fs.ReadStream.prototype.constructor(secret).on('error', fail).on('open', done);
          }),
        ];
        later.push(...started.map((one) => one.then((value) => value, codeOf)));
      };
      tokens.alice.runSync(start);
      {
        const scope = tokens.alice.impersonate();
        start();
        scope.revert();
      }
      for (const one of later) say(String(await one));
      class OwnOpen extends fs.ReadStream { open() {} }
      say(await outcome(() => tokens.alice.runSync(() => { new OwnOpen(secret); })));`,
    );
    const once = ['of alice', 'denied', 'denied', 'denied', 'denied'];
    expect(lines).toEqual([...once, ...once, 'ERR_FS_NOT_ROUTED']);
  });

  test.each([
    ['with eval', '{ eval: true }'],
    ['without its options', '{ eval: true, execArgv: [] }'],
  ])('in worker threads %s', async (_name, options) => {
    const lines = await registered(
      'workers',
      `const { Worker } = require('node:worker_threads');
      const product = require.resolve(${JSON.stringify(registerFile)}).replace('register.js', 'index.js');
      const source = \`
        const { Token } = require(\${JSON.stringify(product)});
        const fs = require('node:fs');
        Token.process().run(() => {
          try {
            fs.watchFile('.', () => {});
          } catch (error) {
            fs.writeSync(1, error.code + '\\\\n');
          }
        });\`;
      await new Promise((done) => new Worker(source, ${options}).once('exit', done));`,
    );
    expect(lines).toEqual(['ERR_FS_NOT_ROUTED']);
  });
});

describeSwitching('callbacks under impersonate/register', () => {
  test('come later, in the context of the caller, and with what node gives', async () => {
    const lines = await registered(
      'callbacks',
      `const { AsyncLocalStorage } = require('node:async_hooks');
      const storage = new AsyncLocalStorage();
      await tokens.alice.run(async () => {
        let returned = false;
        await storage.run('context', () => new Promise((done) => {
          fs.stat(within(alice, 'file'), (...results) => {
            say([returned, storage.getStore(), Token.current().user.id === alice.id].join(' '));
            say([results.length, results[0], results[1].size, results[1] instanceof fs.Stats].join(' '));
            fs.access(within(alice, 'file'), (...nothing) => {
              say(JSON.stringify(nothing));
              fs.access(within(bob, 'file'), (error, ...rest) => {
                say([codeOf(error), rest.length, error.syscall].join(' '));
                fs.exists(within(alice, 'file'), (found) => {
                  fs.exists(within(bob, 'file'), (others) => {
                    say([found, others].join(' '));
                    done();
                  });
                });
              });
            });
          });
          returned = true;
        }));
      });`,
    );
    expect(lines).toEqual(['true context true', '2  8 true', '[null]', 'denied 0 access', 'true false']);
  });

  test('may throw: an uncaught exception', async () => {
    const lines = await registered(
      'uncaught',
      `process.on('uncaughtException', (error) => say('uncaught ' + error.message));
      process.on('unhandledRejection', () => say('unhandled'));
      tokens.alice.run(() => {
        fs.stat(within(alice, 'file'), () => { throw new Error('mine'); });
        fs.exists(within(alice, 'file'), () => { throw new Error('mine too'); });
      });`,
    );
    expect(lines.sort()).toEqual(['uncaught mine', 'uncaught mine too']);
  });

  test('wrong arguments are refused at once, as by node', async () => {
    const calls = `const calls = [
        () => fs.readFile(secret), () => fs.stat(secret, {}), () => fs.rename('a'), () => fs.exists(secret),
        () => fs.readFile({}, () => {}), () => fs.open(secret, 'q', () => {}), () => fs.chmod(secret, 'x', () => {}),
        () => fs.fchmod(-1, 0o600, () => {}), () => fs.fchmod(0, 'x', () => {}), () => fs.fchown(0, {}, 0, () => {}),
        () => fs.futimes(0, 'x', 0, () => {}), () => fs.openSync(),
        () => fs.createReadStream(5), () => fs.createReadStream(secret, 5), () => fs.mkdtempSync(null),
      ];
      const all = () => calls.forEach((call) => {
        try {
          call();
          say('nothing');
        } catch (error) {
          say([error.name, error.code, error.message].join(' ').split('\\n')[0]);
        }
      });`;
    const lines = await registered('arguments', `${calls} all(); tokens.alice.run(all);`);
    expect(lines).toHaveLength(30);
    expect(lines.slice(15)).toEqual(lines.slice(0, 15));
  });
});

describeSwitching('what node:fs does later', () => {
  test('an open folder is read as who opened it', async () => {
    const lines = await registered(
      'folders',
      `const open = (who) => {
        const found = fs.opendirSync(within(who));
        try {
          return found.readSync().name;
        } finally {
          found.closeSync();
        }
      };
      await tokens.alice.run(async () => {
        say(await outcome(() => open(alice)));
        say(await outcome(() => open(bob)));
        for await (const entry of fs.opendirSync(within(alice))) say(entry.name);
        for await (const entry of await fs.promises.opendir(within(alice))) say(entry.name);
      });
      const opened = tokens.alice.run(() => fs.opendirSync(within(alice)));
      say(opened.readSync().name);
      opened.closeSync();`,
    );
    expect(lines).toEqual(['file', 'denied', 'file', 'file', 'file']);
  });

  test('a disposable folder is removed as who made it', async () => {
    const lines = await registered(
      'disposable',
      `if (!fs.mkdtempDisposableSync) {
        say('none');
      } else {
        const made = tokens.alice.run(() => fs.mkdtempDisposableSync(within(alice, 'tmp-')));
        say(String(await outcome(() => tokens.alice.run(() => fs.mkdtempDisposableSync(within(bob, 'tmp-'))))));
        // The folder is bob's by now: alice could not remove it.
        world.own(within(alice), bob);
        say(String(await outcome(() => made.remove())));
        say(String(tokens.bob.run(() => fs.existsSync(made.path))));
      }`,
    );
    if (lines[0] !== 'none') expect(lines).toEqual(['denied', 'denied', 'true']);
  });

  test('glob finds what the user may see, in all its forms', async () => {
    const lines = await registered(
      'glob',
      `if (!fs.globSync) {
        say('none');
      } else {
        process.removeAllListeners('warning');
        const pattern = '*/file';
        const sorted = (found) => found.map((file) => file.replaceAll(path.sep, '/')).sort().join();
        const forms = [
          () => fs.globSync(pattern, { cwd: folder }),
          () => new Promise((done, fail) => {
            fs.glob(pattern, { cwd: folder }, (error, found) => (error ? fail(error) : done(found)));
          }),
          async () => {
            const found = [];
            for await (const file of fs.promises.glob(pattern, { cwd: folder })) found.push(file);
            return found;
          },
        ];
        // Whatever glob has taken from node:fs by now.
        for (const form of forms) await form();
        // So that alice may list it on either system.
        fs.chmodSync(folder, 0o755);
        for (const form of forms) say(sorted(await tokens.alice.run(form)));
      }`,
    );
    if (lines[0] !== 'none') expect(lines).toEqual(Array(3).fill('alice/file'));
  });

  test('a watch is opened as the user, and refused where node would open more as the process', async () => {
    const lines = await registered(
      'watch',
      `const watch = (file, ...rest) => fs.watch(file, ...rest).close();
      await tokens.alice.run(async () => {
        say(String(await outcome(() => watch(within(alice)))));
        say(String(await outcome(() => watch(within(bob)))));
        say(String(await outcome(() => watch(within(alice), { recursive: true }))));
        say(String(await outcome(() => fs.promises.watch(within(alice)))));
      });
      say(String(await outcome(() => watch(folder, { recursive: true }))));`,
    );
    expect(lines).toEqual(['undefined', 'denied', 'ERR_FS_NOT_ROUTED', 'ERR_FS_NOT_ROUTED', 'undefined']);
  });
});

describeSwitching('the table of impersonate/register', () => {
  const tables = JSON.stringify(registerFile.replace('register.js', 'register/table.js'));

  test('names everything that this version of node exports', async () => {
    const [missing] = await registered(
      'table',
      `const { fsTable, promisesTable } = require(${tables});
      const missing = (target, table) => Object.keys(Object.getOwnPropertyDescriptors(target)).filter((name) => !(name in table));
      say(JSON.stringify([...missing(fs, fsTable), ...missing(fs.promises, promisesTable)]));`,
    );
    expect(missing).toBe('[]');
  });

  test('refuses what cannot be done as the user, and nothing else', async () => {
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
            if (result === 'ERR_FS_NOT_ROUTED') refused.push(prefix + name);
          }
        }
      });
      say(JSON.stringify(refused));`,
    );
    const possible = ['openAsBlob', 'openAsBlobSync', 'watchFile', 'Utf8Stream', 'promises.watch'];
    const [major = 0] = process.versions.node.split('.').map(Number);
    const known = possible.filter(
      (name) => (name !== 'openAsBlobSync' || major >= 26) && (name !== 'Utf8Stream' || major >= 24),
    );
    expect(JSON.parse(String(refused))).toEqual(known);
  });

  test('what a later version adds is in a scope if synchronous, and refused otherwise', async () => {
    const lines = await linesOf(
      `fs.laterSync = () => world.whoAmI();
      fs.later = () => world.whoAmI();
      fs.Later = class {};
      Object.defineProperty(fs, 'lazy', { get: () => () => 0, configurable: true, enumerable: true });
      fs.promises.later = () => world.whoAmI();
      require(${JSON.stringify(registerFile)});
      const token = await world.alice.token();
      const attempt = (work) => { try { return work(); } catch (error) { return error.code; } };
      const all = () => [
        fs.laterSync(), attempt(() => fs.later()), attempt(() => typeof new fs.Later()),
        attempt(() => fs.lazy()), attempt(() => fs.promises.later()),
      ].join(' ');
      say(token.run(all));
      say(all());`,
      { execArgv: [lateIsFine] },
      'unrouted',
    );
    const no = 'ERR_FS_NOT_ROUTED';
    expect(lines).toEqual([
      `${world.alice.id} ${no} ${no} ${no} ${no}`,
      `${world.serviceId} ${world.serviceId} object 0 ${world.serviceId}`,
    ]);
  });

  test('changes nothing that can be seen of the functions, and leaves alone what needs no routing', async () => {
    const source = `const shape = (target) => Object.entries(Object.getOwnPropertyDescriptors(target))
        .filter(([name]) => !/^[FRWX]_OK$/.test(name))
        .map(([name, { value = target[name], enumerable, configurable }]) => [
          name, typeof value, enumerable, configurable, value?.name, value?.length,
          ...(typeof value === 'function' ? Reflect.ownKeys(value).map(String).filter((key) => key !== 'prototype') : []),
        ]);
      const before = { ...fs };
      if (process.argv[2]) require(process.argv[2]);
      const same = ['read', 'write', 'fstat', 'createReadStream', 'Stats', 'constants', 'unwatchFile'];
      say(String(same.filter((name) => fs[name] !== before[name])));
      say(JSON.stringify([shape(fs), shape(fs.promises)]));`;
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
    (await thread(source, execArgv)).stderr.replaceAll('\r\n', '\n');

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
  ])('are warned of: %s', async (_name, source, execArgv) => {
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
  ])('are not warned of: %s', async (_name, source, execArgv) => {
    expect(await warningsOf(source, [...execArgv])).toBe('');
  });
});

describeSwitching('child_process under impersonate/register', () => {
  test('warns once that a program started in a flow is the process', async () => {
    const lines = await registered(
      'programs',
      `const { execFile, spawnSync } = require('node:child_process');
      process.removeAllListeners('warning');
      process.on('warning', ({ name, code, message }) => say([name, code, message].join(' ')));
      const version = ['-p', '1+1'];
      spawnSync(process.execPath, version);
      await new Promise(setImmediate);
      say('before');
      await tokens.alice.run(async () => {
        say(await new Promise((done) => execFile(process.execPath, version, (_, out) => done(out.trim()))));
        say(spawnSync(process.execPath, version).stdout.toString().trim());
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
