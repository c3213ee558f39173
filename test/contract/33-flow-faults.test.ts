import { linesOf, runSource } from '../support/child';
import { describeSwitching } from '../support/switching';
import { world } from '../support/world';

const fsPath = JSON.stringify(require.resolve('../../dist/fs'));
const supportPath = JSON.stringify(require.resolve('../support/temp-folder'));

// A folder of alice's with a file, and a file of the service's beside it.
const setting = `
  const path = require('node:path');
  const { setTimeout: timeout } = require('node:timers/promises');
  const impersonateFs = require(${fsPath});
  const folder = require(${supportPath}).tempFolder('faults');
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
  const clean = () => fs.rmSync(folder, { recursive: true, force: true });
`;

describeSwitching('whatever happens in a flow', () => {
  test('a token closed at any point of it does not change who it acts as', async () => {
    const lines = await linesOf(`${setting}
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
        if (JSON.stringify(results) !== wanted) say('point ' + point + ': ' + JSON.stringify(results));
      }
      clean();
      say('every point');`);
    expect(lines).toEqual(['every point']);
  });

  test('a saturated pool only makes it wait', async () => {
    const lines = await linesOf(
      `${setting}
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
      say([...new Set(results.filter((_, index) => index % 2 === 0))].join());
      say([...new Set(results.filter((_, index) => index % 2 === 1))].join());
      say(String(others > 0));
      clean();`,
      { env: { UV_THREADPOOL_SIZE: '1' } },
    );
    expect(lines).toEqual(['done', 'refused', 'true']);
  });

  test('process.exit() amid its file work ends the process at once and in order', async () => {
    const result = await runSource(`${setting}
      const alice = await world.alice.token();
      process.on('exit', () => { say(world.whoAmI()); clean(); });
      alice.run(() => { for (let index = 0; index < 500; index++) void refused(impersonateFs.readFile(mine)); });
      setImmediate(() => process.exit(3));`);
    expect(result).toEqual({ code: 3, signal: null, stderr: '', stdout: `${world.serviceId}\n` });
  });

  test('a worker terminated amid its file work takes nothing with it', async () => {
    const lines = await linesOf(`${setting}
      const { Worker } = require('node:worker_threads');
      const source = \`
        const { Token } = require(\${JSON.stringify(require.resolve(${JSON.stringify(require.resolve('../../dist/index'))}))});
        const impersonateFs = require(${JSON.stringify(require.resolve('../../dist/fs'))});
        const { world } = require(${JSON.stringify(require.resolve('../support/world'))});
        const { parentPort, workerData } = require('node:worker_threads');
        world.alice.token().then((token) => token.run(async () => {
          parentPort.postMessage('started');
          for (;;) await Promise.all(Array.from({ length: 50 }, () => impersonateFs.open(workerData).then((file) => file.close())));
        }));
      \`;
      const before = [Token.count, 0];
      const round = () => new Promise((resolve, reject) => {
        const worker = new Worker(source, { eval: true, workerData: mine });
        worker.once('error', reject);
        worker.once('message', () => setTimeout(() => worker.terminate().then(resolve), 5));
      });
      await round();
      const handles = world.handleCount();
      for (let index = 0; index < 8; index++) await round();
      await timeout(100);
      say(String(Token.count - before[0]));
      say(String(world.handleCount() - handles <= 3));
      say(world.whoAmI());
      const alice = await world.alice.token();
      say(await alice.run(() => impersonateFs.readFile(mine, 'utf8')));
      say(await alice.run(() => refused(impersonateFs.readFile(secret))));
      clean();`);
    expect(lines).toEqual(['0', 'true', world.serviceId, 'of alice', 'refused']);
  });
});
