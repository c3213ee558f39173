import { linesOf } from '../support/children/child';
import { jobs } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { world } from '../support/world/world';

const open = `${jobs}
  const path = require('node:path');
  const files = require(${JSON.stringify(require.resolve('../../dist/fs'))});
  const folder = ${JSON.stringify(tempFolder('read-file'))};
  const newFile = (name, content) => { const file = path.join(folder, name); fs.writeFileSync(file, content); world.own(file, world.alice); return file; };
  fs.chmodSync(folder, 0o755);
  const user = await world.alice.token();`;
const limit = 512 * 1024;

describeSwitching('readFile', () => {
  test('returns the content of a file, of any size and in any encoding', async () => {
    const lines = await linesOf(`${open}
      for (const size of [0, 1, 3, 65536, ${String(limit)}, ${String(limit)} + 1, 3_000_001]) {
        const content = Buffer.alloc(size, 'é€😀');
        const file = newFile('of-' + size, content);
        const found = await user.run(() => files.readFile(file));
        const texts = await Promise.all(['utf8', 'latin1', 'base64', 'utf16le', 'hex'].map((encoding) =>
          user.run(() => files.readFile(file, encoding)).then((text) => text === content.toString(encoding))));
        print([size, Buffer.isBuffer(found) && found.equals(content), ...texts].join());
      }`);
    expect(lines.map((line) => line.replace(/^\d+/, ''))).toEqual(
      Array(7).fill(',true,true,true,true,true,true'),
    );
  });

  test('makes one call on a user thread for a small file, and leaves nothing open', async () => {
    // A thread gets one more handle with its first job.
    const lines = await linesOf(
      `${open}
      const file = newFile('small', 'of alice');
      const read = (most, who = alice) => job(who, 'readfile', file, fs.constants.O_RDONLY, 0, most);
      await read(8);
      const before = world.handleCount();
      const [, content] = await read(8);
      print(content + ' ' + Buffer.isBuffer(content) + ' ' + (world.handleCount() <= before));
      const [, fd] = await read(7);
      print(typeof fd + ' ' + fs.readFileSync(fd, 'utf8'));
      fs.closeSync(fd);
      const [error, nothing] = await read(8, bob);
      print(String(error < 0) + ' ' + nothing);
      const [, of] = await job(alice, 'readfile', newFile('empty', ''), fs.constants.O_RDONLY, 0, 8);
      print(typeof of);
      fs.closeSync(of);`,
    );
    expect(lines).toEqual(['of alice true true', 'number of alice', 'true undefined', 'number']);
  });

  test('fails like Node', async () => {
    const lines = await linesOf(`${open}
      const fields = ({ code, errno, syscall, path: where, message }) => JSON.stringify([code, errno, syscall, where, message]);
      const outcome = (work) => work().then(() => 'read', fields);
      for (const where of [path.join(folder, 'none'), folder]) {
        const [ours, nodes] = [await outcome(() => user.run(() => files.readFile(where))), await outcome(() => fs.promises.readFile(where))];
        print(ours === nodes ? 'the same' : ours + ' ' + nodes);
      }
      const file = newFile('of-alice', 'of alice');
      const { code, syscall } = await world.bob.token().then((token) => token.run(() => files.readFile(file).catch((error) => error)));
      print(code + ' ' + syscall);
      print(await user.run(() => files.readFile(file, 'buffers').catch(({ code }) => code)));
      print(await user.run(() => files.readFile(file, { signal: AbortSignal.abort() }).catch(({ name }) => name)));
      print(await user.run(() => files.readFile(file, { signal: new AbortController().signal, encoding: 'utf8' })));`);
    const denied = process.platform === 'win32' ? /^(EPERM|EACCES) open$/ : /^EACCES open$/;
    expect(lines).toEqual([
      'the same',
      'the same',
      expect.stringMatching(denied),
      ...['ERR_INVALID_ARG_VALUE', 'AbortError', 'of alice'],
    ]);
    expect(world.whoAmI()).toBe(world.serviceId);
  });
});

describeSwitching('writeFile', () => {
  test('writes data of any kind, size and encoding, and appends', async () => {
    const lines = await linesOf(`${open}
      const content = Buffer.alloc(70_000, 'é€😀');
      const file = newFile('written', 'before');
      const check = async (what, write, expected) => {
        await user.run(write);
        if (!user.runSync(() => fs.readFileSync(file)).equals(expected)) print(what);
      };
      await check('bytes', () => files.writeFile(file, content), content);
      await check('nothing', () => files.writeFile(file, ''), Buffer.alloc(0));
      for (const encoding of ['utf8', 'latin1', 'base64', 'utf16le', 'hex'])
        await check(encoding, () => files.writeFile(file, content.toString(encoding), encoding), Buffer.from(content.toString(encoding), encoding));
      await check('a view', () => files.writeFile(file, new Uint16Array(content.buffer, 0, 10)), Buffer.from(content.buffer, 0, 20));
      await check('appending', () => files.appendFile(file, content), Buffer.concat([Buffer.from(content.buffer, 0, 20), content]));
      const long = Buffer.alloc(${String(limit)} + 1, 'x');
      await check('long data', () => files.writeFile(file, long), long);
      await check('an iterable', () => files.writeFile(file, ['a', 'b']), Buffer.from('ab'));
      await check('flush', () => files.writeFile(file, 'c', { flush: true }), Buffer.from('c'));`);
    expect(lines).toEqual([]);
  });

  test('makes one call on a user thread for short data, leaves nothing open, and fails like Node', async () => {
    const lines = await linesOf(`${open}
      const file = newFile('once', 'of alice');
      const flags = fs.constants.O_WRONLY | fs.constants.O_TRUNC;
      const write = (who) => job(who, 'writefile', file, flags, 0o666, Buffer.from('new'));
      await write(alice);
      const before = world.handleCount();
      const [error, left] = await write(alice);
      const isClosed = world.handleCount() <= before;
      const text = () => user.runSync(() => fs.readFileSync(file, 'utf8'));
      print([error, left, text(), isClosed].join());
      print(String((await write(bob))[0] < 0 && text() === 'new'));
      const fields = ({ code, errno, syscall, path: where, message }) => JSON.stringify([code, errno, syscall, where, message]);
      const outcome = (work) => work().then(() => 'written', fields);
      const existing = path.join(folder, 'of-the-service');
      fs.writeFileSync(existing, '');
      const failing = [[path.join(folder, 'none', 'x'), 'x'], [folder, 'x'], [existing, 'x', { flag: 'wx' }], [existing, 'x', 'buffers']];
      if (process.platform === 'linux') failing.push(['/dev/full', 'x'], ['/dev/full', 'x'.repeat(100_000)]);
      for (const args of failing) {
        const [ours, nodes] = [await outcome(() => user.run(() => files.writeFile(...args))), await outcome(() => fs.promises.writeFile(...args))];
        if (ours !== nodes || ours === 'written') print(ours + ' ' + nodes);
      }`);
    expect(lines).toEqual(['0,,new,true', 'true']);
  });
});
