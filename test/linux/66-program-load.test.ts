import { linesOf, runSource } from '../support/children/child';
import { asService } from '../support/linux/environment';
import { programs } from '../support/linux/programs';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const { alice, bob } = world;

describeSwitching('many programs of two users', () => {
  test('are their users, and leave no process and no descriptor', async () => {
    const lines = await linesOf(`${programs}
      const { execFile } = require('node:child_process');
      const { promisify } = require('node:util');
      const read = (fd) => { try { return fs.readFileSync(fd, 'utf8').trim(); } finally { fs.closeSync(fd); } };
      const one = async (i) => {
        const [token, id] = i % 2 ? [alice, '${alice.id}'] : [bob, '${bob.id}'];
        const { ended, descriptors: [, output] } = start(token, 'sh', ['-c', 'read line < /proc/self/loginuid; id -u; exit ' + (i % 7)], { stdio: [null, 'pipe', null] });
        const end = await ended;
        return read(output) === id && end === (i % 7) + ',0';
      };
      await one(0);
      await promisify(execFile)('true');
      const before = descriptors();
      let next = 0;
      const seen = { true: 0, false: 0 };
      const flow = async () => { while (next < 1000) seen[await one(next++)] += 1; };
      // Node's own children are waited for by node, and only those.
      const own = Array.from({ length: 20 }, () => promisify(execFile)('id', ['-u']).then(({ stdout }) => stdout.trim()));
      await Promise.all(Array.from({ length: 50 }, flow));
      print(JSON.stringify(seen) + [...new Set(await Promise.all(own))].join());
      print([children().length, descriptors() - before, world.whoAmI() === world.serviceId].join());`);
    expect(lines).toEqual(['{"true":1000,"false":0}0', '0,0,true']);
  });

  test('are started by several threads at a time', async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      ${programs}
      const wrong = [];
      for (let i = 0; i < 40; i++) {
        const [token, id] = i % 2 ? [alice, '${alice.id}'] : [bob, '${bob.id}'];
        const seen = outputOf(token, 'id', ['-u']);
        if (seen !== id) wrong.push(seen);
        if (i === 0 && isMainThread) globalThis.ended = Promise.all([1, 2, 3].map(() => new Promise((resolve) => new Worker(__filename).once('message', resolve))));
      }
      if (isMainThread) print(JSON.stringify([wrong, ...(await ended)]));
      else parentPort.postMessage(wrong);`);
    expect(lines).toEqual(['[[],[],[],[]]']);
  });
});

describeSwitching('a started program', () => {
  test.each([
    ['root', []],
    ['a service without CAP_KILL', asService(['setuid', 'setgid'])],
  ])('is signalled as its user, by %s', async (_who, through) => {
    const lines = await linesOf(
      `${programs}
      const first = start(alice, 'sleep', ['600']);
      print([native.killProgram(first.id, 0), native.killProgram(first.id, 4711), native.killProgram(first.id, 15), await first.ended, native.killProgram(first.id, 15)].join(' '));
      const group = start(alice, 'sh', ['-c', 'sleep 600 & echo $!; wait'], { tree: true, stdio: [null, 'pipe', null] });
      const inner = fs.readSync(group.descriptors[1], Buffer.alloc(20)) > 1;
      print([inner, native.killProgram(group.id, 9), await group.ended].join(' '));
      // At its end when the last process of the group has ended.
      print(String(fs.readSync(group.descriptors[1], Buffer.alloc(1))));
      print(String(run(alice, 'sleep', ['600'], { timeout: 50 }).signal));
      print(String(run(alice, 'sleep', ['600'], { timeout: 50, killSignal: 4711 }).error));`,
      { through },
    );
    expect(lines).toEqual(['0 -22 0 0,15 -3', 'true 0 0,9', '0', '15', '-110']);
  });

  test('keeps the event loop alive unless it is told not to', async () => {
    const lines = await linesOf(`${programs}
      const kept = start(alice, 'sleep', ['0.2']);
      void kept.ended.then((end) => {
        print(end);
        native.keepLoopForProgram(start(alice, 'sleep', ['0.5']).id, false);
      });`);
    expect(lines).toEqual(['0,0']);
  });

  test('is reaped after its environment has ended, whose function is not called', async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      ${programs}
      if (isMainThread) {
        const handles = () => fs.readdirSync('/proc/self/fd').filter((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) === 'anon_inode:[pidfd]'; } catch { return false; } });
        const worker = new Worker(__filename, { trackUnmanagedFds: false });
        await new Promise((resolve) => { worker.once('message', resolve); });
        const some = children();
        print(String(some.length));
        await worker.terminate();
        print([children().length, handles().length].join());
        for (const pid of some) process.kill(Number(pid));
        await settled(() => children().length === 0);
        await settled(() => handles().length === 0);
        print(String(native.tokenCount()));
      } else {
        for (let i = 0; i < 10; i++) void start(i % 2 ? alice : bob, 'sleep', ['600']).ended.then(() => print('called'));
        parentPort.postMessage('started');
      }`);
    expect(lines).toEqual(['10', '10,10', '2']);
  });

  test('does not keep the process from ending', async () => {
    const result = await runSource(`${programs}
      for (let i = 0; i < 20; i++) start(i % 2 ? alice : bob, 'sleep', [String(i / 40)]);
      await start(alice, 'true').ended;
      process.exit(7);`);
    expect(result).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  test('is waited for with its input and output', async () => {
    const lines = await linesOf(`${programs}
      const big = Buffer.alloc(3_000_000, 'x');
      const same = native.runProgram(alice, { ...plain, file: 'cat', args: ['cat'], stdio: ['pipe', 'pipe', null], input: [big], output: [false, true] });
      print([same.status, Buffer.from(same.output[1]).equals(big), same.error].join());
      print([run(alice, 'yes', [], { maxBuffer: 100_000 })].map(({ status, signal, error, output }) => [status, signal, error, output[1].length > 100_000].join()).join());
      print([run(alice, 'true', [], { stdio: ['pipe', null, null], input: [big] })].map(({ status, error }) => [status, error].join()).join());
      print(JSON.stringify(run(alice, 'sh', ['-c', 'cat; echo of 3 >&3; exit 3'], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], output: [false, true, true, true] }).output));`);
    expect(lines).toEqual(['0,true,0', ',15,-105,true', '0,-32', JSON.stringify([null, '', '', 'of 3\n'])]);
  });

  test('gets the environment of a login', async () => {
    const lines = await linesOf(
      `${programs}
      const of = (token) => Object.fromEntries(native.loginEnvironment(token).map((pair) => [pair.split('=')[0], pair.slice(pair.indexOf('=') + 1)]));
      const { HOME, SHELL, USER, LOGNAME, PATH, SECRET } = of(alice);
      const entry = fs.readFileSync('/etc/passwd', 'utf8').split('\\n').find((line) => line.startsWith(USER + ':')).split(':');
      print([USER, LOGNAME, HOME === (entry[5] || '/'), SHELL === (entry[6] || '/bin/sh'), /(^|:)\\/usr\\/bin(:|$)/.test(PATH), SECRET].join());
      const nobody = of(native.tokenForIds(4711, 4711, new Uint32Array()));
      print([nobody.USER, nobody.HOME, nobody.SHELL].join());`,
      { env: { SECRET: 'of the service' } },
    );
    expect(lines).toEqual([`${alice.name},${alice.name},true,true,true,`, '4711,/,/bin/sh']);
  });
});
