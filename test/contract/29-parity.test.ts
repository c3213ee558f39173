import { differences } from '../support/children/parity';
import { registered } from '../support/children/sources';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

describeSwitching('node:fs in a flow, as without routing', () => {
  test('recursive mkdir', async () => {
    const lines = await differences(`
      for (const name of ['q/../r/s', 'x/./y', 'a/b/c/', 'file/x', 'file', 'a', '.', '..'])
        await same(name, (at) => fs.promises.mkdir(at + path.sep + name, { recursive: true }));
      for (const at of [places.flowed, places.plain]) {
        const make = () => fs.promises.mkdir(path.join(at, 'new', 'b', 'c'), { recursive: true });
        const made = await own.run(() => Promise.allSettled([make(), make(), make()]));
        if (made.some(({ status }) => status !== 'fulfilled')) print(JSON.stringify(made));
      }
      const parents = await own.run(() => Promise.allSettled(['1', '2', '3'].map((name) =>
        fs.promises.cp(path.join(places.flowed, 'file'), path.join(places.flowed, 'parents', 'of', name)))));
      if (parents.some(({ status }) => status !== 'fulfilled')) print(JSON.stringify(parents));`);
    expect(lines).toEqual(['compared']);
  });

  test('a recursive mkdir ends that can never succeed', async () => {
    const lines = await registered(
      'parity-removed',
      `const { withoutToken } = require(${JSON.stringify(product)});
      const gone = process.platform === 'win32' ? '\\\\\\\\?\\\\Z:none\\\\a' : '/proc/none/a';
      print(String(await tokens.alice.run(() => outcome(() => fs.promises.mkdir(gone, { recursive: true })))) !== 'undefined' ? 'failed' : 'made');`,
    );
    expect(lines).toEqual(['failed']);
  });

  test('the arguments of functions with a callback', async () => {
    const lines = await differences(`
      const data = [['a', 'b'], (function* () {})(), null, 5, {}, 'text', Buffer.from('b'), new Uint8Array(2)];
      for (const name of ['writeFile', 'appendFile'])
        for (const [index, each] of data.entries()) await same(name + index, (at) => called(name, path.join(at, 'file'), each));
      for (const length of ['x', 1.5, -1, undefined, null, 3, NaN, {}, 2 ** 60])
        await same('truncate ' + length, (at) => called('truncate', path.join(at, 'file'), length));
      const both = (name, ...args) => new Promise((resolve) => fs[name](...args, () => resolve('options'), () => resolve('callback')));
      await same('readFile', (at) => both('readFile', path.join(at, 'file')));
      for (const name of ['writeFile', 'appendFile']) await same(name, (at) => both(name, path.join(at, 'file'), 'x'));
      for (const name of ['stat', 'readdir', 'readlink', 'realpath', 'access', 'mkdtemp', 'opendir', 'rm', 'lstat'])
        await same(name, (at) => both(name, path.join(at, 'none')));
      const missing = (name, ...args) => { fs[name](...args); };
      // Not rm(): node calls what is no function later. Nor symlink(): the message of Node 20 has the path.
      const names = ['access', 'appendFile', 'chmod', 'chown', 'copyFile', 'cp', 'exists', 'lchown', 'link', 'lstat', 'lutimes', 'mkdir',
        'mkdtemp', 'open', 'opendir', 'readFile', 'readdir', 'readlink', 'realpath', 'rename', 'rmdir', 'stat', 'statfs',
        'truncate', 'unlink', 'utimes', 'writeFile'].filter((name) => fs[name]);
      for (const name of names) {
        await same(name + '()', () => missing(name));
        await same(name + '(path)', (at) => missing(name, path.join(at, 'none')));
        await same(name + '(path, path)', (at) => missing(name, path.join(at, 'none'), path.join(at, 'none')));
        if (name !== 'realpath') await same(name + '({})', () => called(name, {}));
      }`);
    expect(lines).toEqual(['compared']);
  });

  test('options that are getters of a class', async () => {
    const lines = await differences(`
      class Options { get encoding() { return 'hex'; } get flag() { return 'a+'; } get recursive() { return true; } get withFileTypes() { return false; } }
      const options = () => new Options();
      await same('promise', (at) => fs.promises.readFile(path.join(at, 'file'), options()));
      await same('callback', (at) => called('readFile', path.join(at, 'file'), options()));
      await same('mkdir', (at) => fs.promises.mkdir(path.join(at, 'm', 'n'), options()));
      await same('rm', (at) => fs.promises.rm(path.join(at, 'm'), options()));
      await same('writeFile', async (at) => { await fs.promises.writeFile(path.join(at, 'file'), '6162', options()); return fs.promises.readFile(path.join(at, 'file'), 'utf8'); });`);
    expect(lines).toEqual(['compared']);
  });

  test('errors have the frames of the functions that wait for them', async () => {
    const lines = await registered(
      'parity-frames',
      `async function waiting(work) { try { await work(); } catch (error) { return error.stack.includes('at async waiting'); } }
      const none = path.join(folder, 'none');
      const { access, readFile, open, mkdir, writeFile, rm } = fs.promises;
      const works = [() => access(none), () => readFile(none), () => open(none), () => fs.promises.readdir(none), () => rm(none),
        () => mkdir(path.join(none, 'a')), () => writeFile(path.join(none, 'a'), '')];
      for (const work of works) print(String(await tokens.alice.run(() => waiting(work))));`,
    );
    expect(lines).toEqual(Array<string>(7).fill('true'));
  });
});

describeSwitching('streams of node:fs in a flow', () => {
  const source = `const events = require('node:events');
    const file = within(alice, 'file');
    const fake = { open: (path, flags, mode, done) => done(null, 99), write: (fd, buffer, offset, length, at, done) => done(null, length), close: (fd, done) => done(null) };
    const written = async (options) => { const stream = fs.createWriteStream(file, options); stream.end('new'); await events.once(stream, 'close'); };
    const content = () => tokens.alice.run(() => fs.promises.readFile(file, 'utf8'));`;

  test("use the caller's own fs, which opens no other file; a scope would be over then", async () => {
    const lines = await registered(
      'stream-fs',
      `${source}
      await tokens.alice.run(() => written({ fs: fake }));
      print(await content());
      print(String(await outcome(() => tokens.alice.runSync(() => { fs.createWriteStream(file, { fs: fake }); }))));
      await tokens.alice.run(() => written({ fs }));
      print(await content());
      await tokens.alice.run(() => written({ fs: { ...fs } }));
      print(String(await outcome(() => tokens.bob.run(() => written({ fs })))));
      print(String(await outcome(() => new Promise((done, fail) => tokens.bob.runSync(() => { fs.createReadStream(file, { fs }).on('error', fail).on('data', done); })))));`,
    );
    expect(lines).toEqual(['of alice', 'ERR_NOT_ROUTED', 'new', 'denied', 'denied']);
  });

  test('call the functions that a tool has put into node:fs since', async () => {
    const lines = await registered(
      'stream-spies',
      `${source}
      const calls = [];
      const before = {};
      for (const name of ['open', 'read', 'write', 'close']) {
        before[name] = fs[name];
        fs[name] = (...args) => { calls.push(name); return before[name](...args); };
      }
      await tokens.alice.run(() => written());
      await tokens.alice.run(async () => { for await (const part of fs.createReadStream(file)) print(String(part)); });
      print(calls.join());
      print(String(await outcome(() => tokens.bob.run(() => written()))));
      calls.length = 0;
      print(String(await outcome(() => new Promise((done, fail) => tokens.bob.runSync(() => { fs.createReadStream(file).on('error', fail).on('data', done); })))));
      print(calls.join() || 'none');`,
    );
    expect(lines).toEqual(['new', 'open,write,close,open,read,read,close', 'denied', 'denied', 'none']);
  });
});
