import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { linesOf, runOnThread } from '../support/children/child';
import { lateIsFine, loading, registered, registerFile, usersSource } from '../support/children/sources';
import { product, root, unrouted } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

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
    "by --%s: all forms of node:fs read as the flow's user",
    async (_name, execArgv) => {
      const source = `${usersSource('register')} ${forms}
      const readAll = async (who) => {
        for (const [name, read] of Object.entries(forms)) {
          const seen = [];
          for (const file of [within(alice, 'file'), within(bob, 'file'), secret]) {
            seen.push(await outcome(() => read(file)));
            await new Promise(setImmediate);
          }
          print([who, name, ...seen].join(': '));
        }
      };
      await Promise.all([tokens.alice.run(readAll, 'alice'), tokens.bob.run(readAll, 'bob')]);
      print(String(await forms.promises(secret)));
      print(await outcome(() => forms.createReadStream(secret)));`;
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
      for (const name of names) print(await outcome(() => forms[name](secret)));
    });
    await readAll();`;

  test('is not needed: the package routes node:fs', async () => {
    expect(await linesOf(naive())).toEqual(Array(4).fill('denied'));
  });

  test('with impersonate/unrouted alone, fs.promises in a flow reads as the process', async () => {
    expect(await linesOf(naive(), {}, 'unrouted')).toEqual(Array(4).fill('of the service'));
  });

  test('loading the package routes the whole thread', async () => {
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
      const { stdout, stderr } = await runOnThread(
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

  test('named imports of ES modules are routed, even those made before it was loaded', async () => {
    const source = (): string => `
      import { readFile, readFileSync, createReadStream, ReadStream } from 'node:fs';
      import { readFile as read } from 'node:fs/promises';
      ${usersSource('esm')}
      const all = async () => {
        print(await outcome(() => readFileSync(secret, 'utf8')));
        print(await outcome(() => read(secret, 'utf8')));
        print(await outcome(() => new Promise((done) => readFile(secret, (error) => done(codeOf(error ?? {}))))));
        print(await outcome(() => new Promise((_, fail) => createReadStream(secret).on('error', fail))));
        print(await outcome(() => new Promise((_, fail) => new ReadStream(secret).on('error', fail))));
      };
      require(${JSON.stringify(registerFile)});
      await tokens.alice.run(all);`;
    const denied = Array(5).fill('denied');
    expect(await linesOf(source(), {}, 'mjs')).toEqual(denied);
    expect(await linesOf(source(), { execArgv: loading.import }, 'mjs')).toEqual(denied);
    const twice = { execArgv: [...loading.require, ...loading.import] };
    expect(await linesOf(source(), twice, 'mjs')).toEqual(denied);
  });

  test("writes, lists, makes and removes files as the flow's user", async () => {
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
          print([name, own, other].join(' '));
        }
      });`,
    );
    expect(lines).toHaveLength(9);
    for (const line of lines) expect(line).toMatch(/^\S+ {2}denied$/);
  });

  test('descriptors opened in a flow stay usable outside, and the other way round', async () => {
    const lines = await registered(
      'descriptors',
      `const fd = tokens.alice.run(() => fs.openSync(within(alice, 'file')));
      print(fs.readFileSync(fd, 'utf8'));
      fs.closeSync(fd);
      const own = fs.openSync(secret, 'r+');
      await tokens.alice.run(async () => {
        print(fs.readFileSync(own, 'utf8'));
        print(await new Promise((done) => fs.read(own, Buffer.alloc(20), 0, 20, 0, (_, n) => done(String(n)))));
        const written = await new Promise((done) => fs.writeFile(own, '!', (error) => done(String(error))));
        print(written);
        await new Promise((done) => fs.close(own, done));
      });
      print(fs.readFileSync(secret, 'utf8'));`,
    );
    expect(lines).toEqual(['of alice', 'of the service', '14', 'null', 'of the service!']);
  });

  test('asynchronous work that a synchronous scope starts is done as the user', async () => {
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
      for (const one of later) print(String(await one));
      class OwnOpen extends fs.ReadStream { open() {} }
      print(await outcome(() => tokens.alice.runSync(() => { new OwnOpen(secret); })));`,
    );
    const once = ['of alice', 'denied', 'denied', 'denied', 'denied'];
    expect(lines).toEqual([...once, ...once, 'ERR_NOT_ROUTED']);
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
    expect(lines).toEqual(['ERR_NOT_ROUTED']);
  });
});
