import { linesOf, runSource } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { world } from '../support/world/world';

const fsPath = JSON.stringify(require.resolve('../../dist/fs'));
const paths = JSON.stringify({
  index: require.resolve('../../dist/index'),
  fs: require.resolve('../../dist/fs'),
});

// A folder of alice with a file, and a file of the service beside it. This test file removes the folder: under the
// witness the program itself may not.
const setting = (): string => `
  const path = require('node:path');
  const { setTimeout: timeout } = require('node:timers/promises');
  const impersonateFs = require(${fsPath});
  const folder = ${JSON.stringify(tempFolder('faults'))};
  const home = path.join(folder, 'home');
  fs.mkdirSync(home);
  const mine = path.join(home, 'mine');
  fs.writeFileSync(mine, 'of alice');
  const secret = path.join(folder, 'secret');
  fs.writeFileSync(secret, 'of the service');
  world.own(mine, world.alice);
  world.own(home, world.alice);
  world.own(secret, 'service');
  const refused = (work) => work.then(() => 'done', (error) => (/^(EACCES|EPERM)$/.test(error.code) ? 'refused' : error.stack));
`;

describeSwitching('faults in a flow', () => {
  test('a token closed at any point does not change its effective identity', async () => {
    const lines = await linesOf(`${setting()}
      const copy = path.join(home, 'copy');
      const steps = [
        () => impersonateFs.readFile(mine, 'utf8'),
        () => timeout(1),
        async () => { const file = await impersonateFs.open(mine); await null; const text = await file.readFile('utf8'); await file.close(); return text; },
        () => refused(impersonateFs.readFile(secret)),
        () => impersonateFs.copyFile(mine, copy),
        async () => (await impersonateFs.readdir(home)).join(),
        () => impersonateFs.rm(copy),
        () => Token.current().user.id === world.alice.id,
      ];
      const wanted = JSON.stringify(['of alice', null, 'of alice', 'refused', null, 'copy,mine', null, true]);
      for (let point = 0; point <= 2 * steps.length; point++) {
        const token = await world.alice.token();
        const results = [];
        await token.run(async () => {
          for (let index = 0; index < steps.length; index++) {
            if (point === 2 * index) token.close();
            const pending = steps[index]();
            if (point === 2 * index + 1) token.close();
            results.push((await pending) ?? null);
          }
        });
        token.close();
        if (JSON.stringify(results) !== wanted) print('point ' + point + ': ' + JSON.stringify(results));
      }
      print('every point');`);
    expect(lines).toEqual(['every point']);
  });

  test('a saturated pool only delays it', async () => {
    const lines = await linesOf(
      `${setting()}
      const { pbkdf2 } = require('node:crypto');
      let others = 0;
      const busy = () => pbkdf2('password', 'salt', 20_000, 64, 'sha512', () => { others++; });
      const alice = await world.alice.token();
      const bob = await world.bob.token();
      const flows = Array.from({ length: 200 }, (_, index) => {
        if (index % 4 === 0) busy();
        return (index % 2 === 0 ? alice : bob).run(() => refused(impersonateFs.readFile(mine, 'utf8')));
      });
      const results = await Promise.all(flows);
      print([...new Set(results.filter((_, index) => index % 2 === 0))].join());
      print([...new Set(results.filter((_, index) => index % 2 === 1))].join());
      print(String(others > 0));`,
      { env: { UV_THREADPOOL_SIZE: '1', IMPERSONATE_POOL_MAX_THREADS: '1' } },
    );
    expect(lines).toEqual(['done', 'refused', 'true']);
  });

  test('process.exit() during its file operations ends the process at once and cleanly', async () => {
    const result = await runSource(`${setting()}
      const alice = await world.alice.token();
      process.on('exit', () => { print(world.whoAmI()); });
      alice.run(() => { for (let index = 0; index < 500; index++) void refused(impersonateFs.readFile(mine)); });
      setImmediate(() => process.exit(3));`);
    expect(result).toEqual({ code: 3, signal: null, stderr: '', stdout: `${world.serviceId}\n` });
  });

  test('a worker terminated during its file operations does not affect others', async () => {
    const lines = await linesOf(`${setting()}
      const { Worker } = require('node:worker_threads');
      const source = \`
        const { parentPort, workerData: { index, fs, ticket, mine } } = require('node:worker_threads');
        const { Token } = require(index);
        const impersonateFs = require(fs);
        Token.claim(ticket).run(async () => {
          parentPort.postMessage('started');
          for (;;) await Promise.all(Array.from({ length: 50 }, () => impersonateFs.stat(mine)));
        });
      \`;
      const alice = await world.alice.token();
      const tokens = Token.count;
      const round = () => new Promise((resolve, reject) => {
        const worker = new Worker(source, { eval: true, workerData: { ...${paths}, mine, ticket: alice.share() } });
        worker.once('error', reject);
        worker.once('message', () => setTimeout(() => worker.terminate().then(resolve), 5));
      });
      // Open handles are not counted: Node itself loses those that are being closed.
      await round();
      const handles = world.handleCount();
      for (let index = 0; index < 8; index++) await round();
      await timeout(100);
      print(String(Token.count - tokens));
      print(String(world.handleCount() - handles <= 3));
      print(world.whoAmI());
      print(await alice.run(() => impersonateFs.readFile(mine, 'utf8')));
      print(await alice.run(() => refused(impersonateFs.readFile(secret))));`);
    expect(lines).toEqual(['0', 'true', world.serviceId, 'of alice', 'refused']);
  });
});
