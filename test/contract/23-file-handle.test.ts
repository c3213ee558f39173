import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

const denied = expect.stringMatching(/^(EACCES|EPERM)$/) as string;

/** A program with a file of alice with three lines, opened as alice in `handle`. */
function program(body: string, flags = 'r+'): string {
  return `const files = require(${JSON.stringify(join(root, 'dist', 'fs.js'))});
    const file = ${JSON.stringify(join(tempFolder('handle'), 'file'))};
    fs.writeFileSync(file, 'one\\ntwo\\nthree');
    world.own(file, world.alice);
    const codeOf = (work) => Promise.resolve().then(work).then((result) => result ?? 'done', (error) => error.code);
    const alice = await world.alice.token();
    const handle = await alice.run(() => files.open(file, ${JSON.stringify(flags)}));
    ${body}
    await handle.close();
    alice.close();`;
}

describeSwitching('a FileHandle of a user', () => {
  test("is Node's own class and needs no token", async () => {
    const lines = await linesOf(
      program(`const own = await fs.promises.open(__filename);
        print(Object.getPrototypeOf(handle) === Object.getPrototypeOf(own));
        print(Object.keys(handle).join() === Object.keys(own).join());
        await own.close();
        print((await handle.readFile('utf8')).length);
        print((await handle.stat()).size);
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(3), 0, 3, 4);
        print(bytesRead + ' ' + buffer);
        await handle.write('T', 4);
        await handle.sync();
        await handle.truncate(7);
        print(JSON.stringify((await handle.read(Buffer.alloc(7), 0, 7, 0)).buffer.toString()));`),
    );
    expect(lines).toEqual(['true', 'true', '13', '13', '3 two', '"one\\nTwo"']);
  });

  test('provides lines and streams, which close it', async () => {
    const lines = await linesOf(
      program(`for await (const line of handle.readLines()) print(line);
        print(handle.fd);
        const other = await alice.run(() => files.open(file));
        let all = '';
        for await (const part of other.createReadStream({ encoding: 'utf8', start: 4, end: 6 })) all += part;
        print(all + ' ' + other.fd);`),
    );
    expect(lines).toEqual(['one', 'two', 'three', '-1', 'two -1']);
  });

  test('closes at the end of `await using`, and rejects later calls', async () => {
    const lines = await linesOf(
      program(`await handle[Symbol.asyncDispose]();
        print(handle.fd);
        for (const name of ['read', 'stat', 'chmod', 'chown', 'utimes']) {
          print(await handle[name]().catch(({ code, syscall }) => code + ' ' + syscall));
        }`),
    );
    expect(lines).toEqual([
      '-1',
      'EBADF read',
      'EBADF fstat',
      'EBADF fchmod',
      'EBADF fchown',
      'EBADF futimes',
    ]);
  });

  test("rejects wrong arguments with Node's messages", async () => {
    const lines = await linesOf(
      program(`const own = await fs.promises.open(__filename);
        for (const [name, ...args] of [['chmod', 'x'], ['chmod'], ['chown', 1.5, 2], ['chown', 1], ['utimes', {}, 1]]) {
          const [ours, theirs] = await Promise.all([handle, own].map((of) => of[name](...args).catch((error) => error)));
          print(ours.message === theirs.message && ours.code === theirs.code && ours.code.startsWith('ERR_'));
        }
        await own.close();`),
    );
    expect(lines).toEqual(Array.from({ length: 5 }, () => 'true'));
  });

  test('cannot be transferred to another thread, where it would change files as the process', async () => {
    const lines = await linesOf(
      program(`const { MessageChannel } = require('node:worker_threads');
        const { port1, port2 } = new MessageChannel();
        try { port1.postMessage(handle, [handle]); print('sent'); } catch (error) { print(error.name); }
        port1.close();
        port2.close();
        print((await handle.stat()).size);`),
    );
    expect(lines).toEqual(['DataCloneError', '13']);
  });

  test("cannot change the mode, owner or times of another user's file that it may read", async () => {
    if (process.platform === 'win32') return;
    const lines = await linesOf(
      program(
        `fs.chmodSync(file, 0o644);
        const bob = await world.bob.token();
        const reader = await bob.run(() => files.open(file));
        print(await reader.readFile('utf8').then((text) => text.length));
        for (const [name, ...args] of [['chmod', 0o777], ['chown', 0, 0], ['utimes', 1, 2]]) {
          print(await codeOf(() => reader[name](...args)));
        }
        print((fs.statSync(file).mode & 0o777).toString(8) + ' ' + (fs.statSync(file).mtimeMs > 3000));
        await reader.close();
        bob.close();
        print(await codeOf(() => handle.chmod(0o600)));
        print((fs.statSync(file).mode & 0o777).toString(8));`,
      ),
    );
    expect(lines).toEqual(['13', denied, denied, denied, '644 true', 'done', '600']);
  });
});
