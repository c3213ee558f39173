import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { userThreads as open } from '../support/linux/user-threads';

const folder = tempFolder('thread-queue');
chmodSync(folder, 0o755);

describeSwitching('two tokens of one user', () => {
  const group = 4242;
  const path = join(folder, 'of-the-group');
  writeFileSync(path, 'of the group');
  chownSync(path, 0, group);
  chmodSync(path, 0o040);

  test.each([
    ['at once', 400],
    ['one after the other', 1],
  ])('with other groups are two identities to the only thread, %s', async (_how, atOnce) => {
    const lines = await linesOf(`${open}
      configurePool({ maxThreads: 1, idleTime: 600_000 });
      const { uid, gid } = world.alice;
      const [member, stranger] = [[${String(group)}], []].map((groups) => Token.forIds({ uid, gid, groups }));
      const attempt = (token) => token.run(() => files.readFile(${JSON.stringify(path)}, 'utf8')).catch(({ code }) => code);
      const seen = { member: new Set(), stranger: new Set() };
      let next = 0;
      const some = async () => {
        // Three of the one in a row, then three of the other.
        while (next < 400) if (next++ % 6 < 3) seen.member.add(await attempt(member)); else seen.stranger.add(await attempt(stranger));
      };
      await Promise.all(Array.from({ length: ${String(atOnce)} }, some));
      print([...seen.member].join() + '; ' + [...seen.stranger].join() + '; ' + poolStats().threads);`);
    expect(lines).toEqual(['of the group; EACCES; 1']);
  });
});

describeSwitching('a user thread', () => {
  test('that fails to become another user is not taken for the one before', async () => {
    const lines = await linesOf(`${open}
      configurePool({ maxThreads: 1, idleTime: 600_000 });
      await stayingAs('alice');
      probe().failSyscallOnAllThreads('setresuid', 11, world.bob.uid);
      const outcome = (reading) => reading.catch(({ code }) => code);
      print(await outcome(read('bob', 'utf8')));
      print(await outcome(tokens.alice.run(() => files.readFile(own.bob, 'utf8'))));
      print(await outcome(read('alice', 'utf8')));`);
    expect(lines).toEqual(['EAGAIN', 'EACCES', 'of alice']);
  });

  test('handles no signals', async () => {
    const lines = await linesOf(`${open}
      const { signals } = require('node:os').constants;
      long();
      await stayingAs('alice');
      await stayingAs('bob');
      for (const [id] of usersOf()) {
        const blocked = BigInt('0x' + /^SigBlk:\\s+(\\w+)/m.exec(fs.readFileSync('/proc/self/task/' + id + '/status', 'utf8'))[1]);
        print(Object.entries(signals).filter(([, number]) => ((blocked >> BigInt(number - 1)) & 1n) === 0n).map(([name]) => name).join());
      }`);
    expect(lines).toEqual(['SIGKILL,SIGSTOP', 'SIGKILL,SIGSTOP']);
  });

  test('ends before the last thread that has calls does, and another can be started then', async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread } = require('node:worker_threads');
      ${open}
      long();
      if (isMainThread) {
        for (let i = 0; i < 3; i++) {
          await new Promise((resolve) => { new Worker(__filename).once('exit', resolve); });
          print(usersOf().length + ' ' + poolStats().threads);
        }
      } else {
        print(await read('alice', 'utf8') + ', ' + await read('bob', 'utf8'));
        await settled(() => poolStats().busy === 0);
      }`);
    expect(lines).toEqual(Array(3).fill(['of alice, of bob', '0 0']).flat());
  });

  test("reverts whenever it comes to rest while the process's credentials change", async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread } = require('node:worker_threads');
      ${open}
      long();
      if (isMainThread) {
        let ended = false;
        const worker = new Worker(__filename).once('exit', () => { ended = true; });
        let changes = 0;
        while (!ended) {
          try { process.setegid(0); changes++; } catch (error) { if (error.code !== 'ERR_SCOPE_ACTIVE') print(error.code); }
          await new Promise(setImmediate);
        }
        process.setegid(0);
        print((changes > 0) + ' ' + usersOf().length + ' ' + poolStats().waiting);
      } else {
        const some = async (who) => { for (let i = 0; i < 500; i++) if (await read(who, 'utf8') !== 'of ' + who) print('not read'); };
        await Promise.all([some('alice'), some('alice'), some('bob'), some('bob')]);
        // One at a time, so that no later call takes one along that has been left waiting.
        await some('alice');
      }`);
    expect(lines).toEqual(['true 0 0']);
  });
});

describeSwitching('calls that wait behind one that hangs', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', ['-m', '0666', pipe]);
  const hang = `configurePool({ perUser: 1 });
      const hung = tokens.alice.run(() => files.readFile(${JSON.stringify(pipe)}));
      await settled(() => poolStats().busy === 1);`;
  const release = `fs.closeSync(fs.openSync(${JSON.stringify(pipe)}, 'w'));`;

  test('begin when perUser is raised', async () => {
    const lines = await linesOf(`${open}
      ${hang}
      const reading = read('alice', 'utf8');
      await settled(() => poolStats().waiting === 1);
      configurePool({ perUser: 2 });
      print(await reading);
      ${release}
      await hung;`);
    expect(lines).toEqual(['of alice']);
  });

  test('stay when a worker ends, whose own are removed', async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      ${open}
      if (isMainThread) {
        ${hang}
        const reading = [read('alice', 'utf8'), read('alice', 'utf8')];
        const worker = new Worker(__filename);
        await new Promise((resolve) => { worker.once('message', resolve); });
        const waiting = [poolStats().waiting];
        await worker.terminate();
        waiting.push(poolStats().waiting);
        ${release}
        await hung;
        print(waiting.join() + ' ' + (await Promise.all(reading)).join());
      } else {
        for (let i = 0; i < 3; i++) void read('alice');
        await settled(() => poolStats().waiting === 5);
        parentPort.postMessage('waits');
      }`);
    expect(lines).toEqual(['5,2 of alice,of alice']);
  });
});

describeSwitching('where no thread can be started', () => {
  const exhaust = "probe().failSyscallOnAllThreads('clone3', 11);";

  test('a call rejects, and nothing is left of it', async () => {
    const lines = await linesOf(`${open}
      ${exhaust}
      for (const who of ['alice', 'alice', 'bob']) {
        const { name, code, syscall } = await read(who).catch((error) => error);
        print([name, code, syscall].join(' '));
      }
      print(Object.values(poolStats()).join());`);
    expect(lines).toEqual([
      ...Array<string>(3).fill('ImpersonationError EAGAIN pthread_create'),
      '0,0,0,0,0,0',
    ]);
  });

  test('those that there are make the calls of all users', async () => {
    const lines = await linesOf(`${open}
      long();
      await stayingAs('alice');
      const { threads } = poolStats();
      ${exhaust}
      print(await read('bob', 'utf8'));
      // Started by the reaction of the call before.
      print(await read('alice', 'utf8'));
      print((await Promise.all(['bob', 'alice', 'bob', 'alice'].map((who) => read(who, 'utf8')))).join());
      print(String(poolStats().threads === threads));`);
    expect(lines).toEqual(['of bob', 'of alice', 'of bob,of alice,of bob,of alice', 'true']);
  });
});
