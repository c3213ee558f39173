import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { product, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

/** A file that anyone may read. */
const file = join(tempFolder('descriptors'), 'file');
writeFileSync(file, 'text', { mode: 0o644 });

const worldPath = JSON.stringify(require.resolve('../support/world/world'));
const loads = (...names: string[]): string =>
  [product, ...names.map((name) => join(root, 'dist', `${name}.js`))]
    .map((path) => `require(${JSON.stringify(path)});`)
    .join(' ');

/** Runs the body in a flow of alice in a Worker, then `main` with the result. */
function inWorker(load: string, body: string, main = "worker.postMessage('end');"): Promise<string[]> {
  const worker = `const fs = require('node:fs');
    const { workerData, parentPort } = require('node:worker_threads');
    ${load}
    const { Token } = require(${JSON.stringify(product)});
    const { file, ticket } = workerData;
    const done = (call) => new Promise((resolve) => call((...results) => resolve(results)));
    const alice = Token.claim(ticket);
    alice.run(async () => { ${body} }).then((posted) => { alice.close(); parentPort.once('message', () => {}); parentPort.postMessage(posted); });`;
  return linesOf(`
    const { world } = require(${worldPath});
    const { Worker } = require('node:worker_threads');
    const alice = await world.alice.token();
    const file = ${JSON.stringify(file)};
    const isOpen = (fd) => { try { fs.fstatSync(fd); return true; } catch { return false; } };
    let posted;
    const worker = new Worker(${JSON.stringify(worker)}, { eval: true, workerData: { file, ticket: alice.share() } });
    alice.close();
    worker.on('message', (message) => { posted = message; print('posted ' + JSON.stringify(message.map(isOpen))); ${main} });
    worker.on('error', (error) => { print(error.stack); });
    worker.on('exit', () => { print('ended ' + JSON.stringify(posted.map(isOpen))); });`);
}

describeSwitching('descriptors that a Worker opens as a user', () => {
  test.each([
    ['by itself', "worker.postMessage('end');"],
    ['when it is terminated', 'worker.terminate();'],
  ])('are closed when it ends: %s', async (_how, main) => {
    const lines = await inWorker(
      loads('register'),
      `const [, fd] = await done((next) => fs.open(file, 'r', next));
      const stream = fs.createReadStream(file);
      await done((next) => stream.once('open', next));
      return [fd, stream.fd];`,
      main,
    );
    expect(lines).toEqual(['posted [true,true]', 'ended [false,false]']);
  });

  test('are closed by fs.close(), fs.closeSync() and streams without a warning', async () => {
    const lines = await inWorker(
      loads('register'),
      `const fds = [];
      const open = async () => { const [error, fd] = await done((next) => fs.open(file, 'r', next)); fds.push(fd); return fd; };
      // Kept open together, so that each has a different number.
      const [a, b, c] = [await open(), await open(), await open()];
      const stream = fs.createReadStream(file);
      stream.on('open', (fd) => fds.push(fd)).resume();
      await done((next) => stream.once('close', next));
      fs.closeSync(a);
      const [error] = await done((next) => fs.close(b, next));
      if (error !== null) throw new Error('close: ' + error);
      fs.close(c);
      while (true) { try { fs.fstatSync(c); } catch { break; } await new Promise(setImmediate); }
      return [...new Set(fds)];`,
    );
    expect(lines).toEqual(['posted [false,false,false,false]', 'ended [false,false,false,false]']);
  });

  test('belong to the caller and are closed with it, those of fs.openSync() too', async () => {
    const lines = await inWorker(
      loads('register'),
      `const [closed, left] = [fs.openSync(file), fs.openSync(file)];
      fs.closeSync(closed);
      return [closed, left];`,
    );
    expect(lines).toEqual(['posted [false,true]', 'ended [false,false]']);
  });

  test('are closed by the streams of impersonate/fs if nothing else is loaded', async () => {
    const lines = await inWorker(
      loads('fs'),
      `const ifs = require(${JSON.stringify(join(root, 'dist', 'fs.js'))});
      const [read, left] = [ifs.createReadStream(file), ifs.createReadStream(file)];
      const fds = (await Promise.all([read, left].map((stream) => done((next) => stream.once('open', next))))).map(([fd]) => fd);
      read.resume();
      await done((next) => read.once('close', next));
      return fds;`,
    );
    expect(lines).toEqual(['posted [false,true]', 'ended [false,false]']);
  });
});
