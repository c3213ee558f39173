import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, runSource, type ChildResult } from '../support/children/child';
import { jobs } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { threadStatus } from '../support/linux/thread-status';
import { fileOf, world } from '../support/world/linux';

const folder = tempFolder('jobs');
chmodSync(folder, 0o777);
let names = 0;
const newPath = (): string => join(folder, String(names++));

function newPipe(): string {
  const path = newPath();
  execFileSync('mkfifo', ['-m', '0666', path]);
  return path;
}

const files = JSON.stringify({ alice: fileOf(world.alice), bob: fileOf(world.bob) });
const open = `${jobs}
  // Threads revert after each job, unless a test sets another idle time.
  native.setPoolLimits(4, Number(process.env.THREADS ?? 64), 0, false);
  const { setTimeout: sleep } = require('node:timers/promises');
  const { probe } = require(${JSON.stringify(require.resolve('../support/linux/probe'))});
  const { threadStatus, allThreads } = require(${JSON.stringify(require.resolve('../support/linux/thread-status'))});
  const files = ${files};
  const text = ({ uids, gids, groups, capabilities }) => [uids, gids, groups, ...Object.values(capabilities)].join();
  const others = () => [...allThreads().values()].map(text).filter((status) => status !== text(threadStatus()));
  const failure = ([error]) => typeof error === 'number' ? String(error) : [error.name, error.code, error.syscall].join(' ');
  const openFiles = () => fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } });
  const settled = async (done) => { while (!done()) await sleep(5); };
  const reverted = () => settled(() => { const [, busy, , staying] = native.poolStatistics(); return busy === 0 && staying === 0; });
  // The result of a job is delivered while its thread reverts.
  const othersLeft = async () => { await reverted(); return others().length; };`;

const oneThread = { env: { THREADS: '1' } };

describeSwitching('a job that cannot start', () => {
  test.each([
    ['setgroups', 1, 'EPERM'],
    ['setgroups', 12, 'ENOMEM'],
    ['setresgid', 1, 'EPERM'],
    ['setresuid', 1, 'EPERM'],
    ['setresuid', 11, 'EAGAIN'],
  ])('because %s fails with %d: reports it, makes no call, changes no thread', async (call, errno, code) => {
    const path = newPath();
    const lines = await linesOf(`${open}
      print(failure(await job(alice, 'access', ${JSON.stringify(folder)}, 0)));
      await reverted();
      probe().failSyscallOnAllThreads('${call}', ${String(errno)});
      for (let i = 0; i < 8; i++) print(failure(await job(alice, 'mkdir', ${JSON.stringify(path)}, 0o777)));
      print(others().join());`);
    expect(lines).toEqual(['0', ...Array<string>(8).fill(`ImpersonationError ${code} ${call}`)]);
    expect(existsSync(path)).toBe(false);
  });

  test.each(['setresgid', 'setresuid'])('because %s reports false success', async (call) => {
    const path = newPath();
    const lines = await linesOf(`${open}
      print(failure(await job(alice, 'access', ${JSON.stringify(folder)}, 0)));
      await reverted();
      probe().failSyscallOnAllThreads('${call}', 0);
      print(failure(await job(alice, 'mkdir', ${JSON.stringify(path)}, 0o777)));
      print(others().join());`);
    expect(lines).toEqual(['0', expect.stringContaining('ERR_IMPERSONATION_DOWNGRADED')]);
    expect(existsSync(path)).toBe(false);
  });

  test('for a token that is closed or of identification level throws at once', async () => {
    const lines = await linesOf(`${open}
      const attempt = (token) => { try { void native.startFs(token, native.fsCalls.stat, '/', false).then(() => { print('done'); }); } catch (error) { print(error.code); } };
      attempt(native.duplicateToken(alice, 1));
      native.closeToken(alice);
      attempt(alice);
      attempt(0);`);
    expect(lines).toEqual(['ERR_TOKEN_LEVEL', 'ERR_TOKEN_CLOSED', 'ERR_TOKEN_CLOSED']);
  });
});

function expectAborted(result: ChildResult): void {
  expect(result).toMatchObject({ code: null, signal: 'SIGABRT' });
  // The result is delivered while the thread reverts.
  expect(result.stdout).toMatch(/^ready\n(done\n)?$/);
  expect(result.stderr).toMatch(/^impersonate: cannot restore the thread's identity/m);
}

describeSwitching('a job that cannot revert aborts the process', () => {
  const groups = threadStatus().groups.length;
  const restores: [string, number, number][] = [
    ['setresuid', 1, 0],
    ['setresgid', 1, 0],
    ['setgroups', 1, groups],
    ['setresuid', 0, 0],
    ['setresgid', 0, 0],
  ];
  test.each(restores)('when %s returns errno %d', async (call, errno, argument) => {
    expect(groups).not.toBe(world.alice.groups.length);
    expectAborted(
      await runSource(`${open}
        process.on('exit', () => { print('exit handler'); });
        await job(alice, 'access', '/', 0);
        await reverted();
      probe().failSyscallOnAllThreads('${call}', ${String(errno)}, ${String(argument)});
        print('ready');
        void native.startFs(alice, native.fsCalls.access, '/', 0).then(() => { print('done'); });
        await sleep(5000);
        print('went on');`),
    );
  });
});

describeSwitching('a pool thread', () => {
  test('is the user, with the reserved real uid, only while a job runs', async () => {
    const pipe = JSON.stringify(newPipe());
    const lines = await linesOf(`${open}
      const opened = job(alice, 'open', ${pipe}, fs.constants.O_RDONLY, 0);
      await settled(() => others().length > 0);
      for (const [id, status] of allThreads()) {
        if (text(status) === text(threadStatus())) continue;
        print([status.uids, status.gids, status.groups, status.capabilities.effective].join(' '));
        const { uid, gid } = world.alice;
        const { status: code, stderr } = require('node:child_process').spawnSync('/bin/sh', ['-c', 'kill -0 ' + id], { uid, gid, encoding: 'utf8' });
        print(code + ' ' + /permitted/.test(stderr));
      }
      fs.closeSync(fs.openSync(${pipe}, 'w'));
      const [error, fd] = await opened;
      fs.closeSync(fd);
      print(error + ' ' + await othersLeft());`);
    const { uid, gid, groups } = world.alice;
    const sorted = [...groups].sort((a, b) => a - b).join();
    expect(lines).toEqual([
      `${[65533, uid, 0, uid].join()} ${[gid, gid, 0, gid].join()} ${sorted} 0`,
      '1 true',
      '0 0',
    ]);
  });

  test('reverts to the credentials that the process has changed to', async () => {
    const lines = await linesOf(
      `${open}
      await job(alice, 'access', '/', 0);
      process.setegid(world.bob.gid);
      for (const token of [alice, bob]) print(failure(await job(token, 'access', files.alice, 4)));
      print([threadStatus().gids[1] === world.bob.gid, await othersLeft()].join());
      process.setegid(0);
      print(failure(await job(alice, 'access', files.alice, 4)) + ' ' + await othersLeft());`,
      oneThread,
    );
    expect(lines).toEqual(['0', '-13', 'true,0', '0 0']);
  });

  test("that works for a user prevents a change of the process's own credentials", async () => {
    const pipe = JSON.stringify(newPipe());
    const lines = await linesOf(`${open}
      const attempt = () => { try { process.seteuid(0); print('allowed'); } catch (error) { print(error.code); } };
      const opened = job(alice, 'open', ${pipe}, fs.constants.O_RDONLY, 0);
      await settled(() => others().length > 0);
      attempt();
      fs.closeSync(fs.openSync(${pipe}, 'w'));
      fs.closeSync((await opened)[1]);
      attempt();`);
    expect(lines).toEqual(['ERR_SCOPE_ACTIVE', 'allowed']);
  });

  test('keeps nothing of the jobs that ran on it', async () => {
    const lines = await linesOf(`${open}
      const paths = [files.alice, files.bob, '/nowhere', '/'];
      const some = Array.from({ length: 800 }, (_, i) => job(i % 3 ? alice : bob, i % 2 ? 'stat' : 'realpath', paths[i % 4], false));
      await Promise.all(some);
      await reverted();
      print(others().join() + Token.thread());`);
    expect(lines).toEqual(['null']);
  });
});

describeSwitching('jobs of two users', () => {
  test.each([
    ['at any interleaving', 32, {}],
    ['where one thread has all of them to do', 2000, oneThread],
  ])("never see the other user's file, %s", async (_how, atOnce, options) => {
    const lines = await linesOf(
      `${open}
      const content = (fd) => { try { return fs.readFileSync(fd, 'utf8'); } finally { fs.closeSync(fd); } };
      const round = async (i) => {
        const [token, key] = i % 2 ? [alice, 'alice'] : [bob, 'bob'];
        const whose = i % 3 ? key : { alice: 'bob', bob: 'alice' }[key];
        const [error, fd] = await job(token, 'open', files[whose], fs.constants.O_RDONLY, 0);
        return [whose === key, error, error === 0 ? content(fd) === 'of ' + key : null].join(' ');
      };
      let next = 0;
      const seen = {};
      const flow = async () => { while (next < 2000) { const outcome = await round(next++); seen[outcome] = (seen[outcome] ?? 0) + 1; } };
      await Promise.all(Array.from({ length: ${String(atOnce)} }, flow));
      print(JSON.stringify(seen));`,
      options,
    );
    expect(JSON.parse(lines.join())).toEqual({ 'true 0 true': 1333, 'false -13 ': 667 });
  });

  // The first keeps the only thread until the others are queued.
  test('complete as they finish, although a later one waits', async () => {
    const [first, last] = [newPipe(), newPipe()];
    const lines = await linesOf(
      `${open}
      const [first, last] = ${JSON.stringify([first, last])};
      const release = async (opening, path) => { fs.closeSync(fs.openSync(path, 'w')); const [error, fd] = await opening; fs.closeSync(fd); print(String(error)); };
      const opening = job(bob, 'open', first, fs.constants.O_RDONLY, 0);
      await settled(() => others().length > 0);
      const quick = Array.from({ length: 10 }, () => job(alice, 'access', files.alice, 4));
      const slow = job(alice, 'open', last, fs.constants.O_RDONLY, 0);
      const behind = [job(alice, 'access', files.bob, 4), job(bob, 'access', files.bob, 4)];
      await release(opening, first);
      print((await Promise.all(quick)).map(failure).join());
      await settled(() => others().length > 0);
      await release(slow, last);
      print((await Promise.all(behind)).map(failure).join() + ' ' + await othersLeft());`,
      oneThread,
    );
    expect(lines).toEqual(['0', '0,0,0,0,0,0,0,0,0,0', '0', '-13,0 0']);
  });

  test('check access(2) for the user, not for the real uid', async () => {
    const lines = await linesOf(`${open}
      for (const token of [alice, bob]) {
        for (const mode of [0, 4, 2, 6, 1]) print([(await job(token, 'access', files.alice, mode))[0], native.fsSync(token, native.fsCalls.access, files.alice, mode)].join());
      }`);
    const rows = [
      ['0,', '0,', '0,', '0,', '-13,-13'],
      ['0,', '-13,-13', '-13,-13', '-13,-13', '-13,-13'],
    ];
    expect(lines).toEqual(rows.flat());
  });

  test('go on with a token that was closed after they started', async () => {
    const lines = await linesOf(`${open}
      const reading = job(alice, 'access', files.alice, 4);
      native.closeToken(alice);
      print(failure(await reading));`);
    expect(lines).toEqual(['0']);
  });
});

describeSwitching('a job whose environment ends', () => {
  // The first waits in the kernel for a writer; the others wait for its thread, and share batches.
  const worker = (pipe: string, directory: string): string => `
    const { Worker, isMainThread, parentPort } = require('node:worker_threads');
    ${open}
    if (isMainThread) {
      const worker = new Worker(__filename, { trackUnmanagedFds: false });
      await new Promise((resolve) => { worker.once('message', resolve); });
      await settled(() => others().length > 0);
      const ended = worker.terminate();
      await sleep(100);
      fs.closeSync(fs.openSync(${pipe}, 'w'));
      await ended;
      await settled(() => others().length === 0);
      const left = openFiles().filter((path) => [${pipe}, ${directory}].includes(path));
      print([left, await othersLeft(), native.tokenCount()].join());
    } else {
      void job(alice, 'open', ${pipe}, fs.constants.O_RDONLY, 0);
      void job(alice, 'opendir', ${directory});
      for (let i = 0; i < 100; i++) void job(alice, 'open', ${directory}, fs.constants.O_RDONLY, 0);
      void job(alice, 'opendir', ${directory}).then(([, id]) => job(alice, 'readdir', id, 10, false));
      parentPort.postMessage('started');
    }`;

  test('closes what it has opened for a worker that was terminated', async () => {
    const directory = newPath();
    mkdirSync(directory);
    const source = worker(JSON.stringify(newPipe()), JSON.stringify(directory));
    // The two tokens are the main thread's own.
    expect(await linesOf(source, oneThread)).toEqual([',0,2']);
  });

  test('closes what it has opened for a worker whose event loop did not get it', async () => {
    const directory = newPath();
    mkdirSync(directory);
    const lines = await linesOf(`
      const { Worker, isMainThread } = require('node:worker_threads');
      ${open}
      const opened = () => openFiles().filter((path) => path === ${JSON.stringify(directory)}).length;
      if (isMainThread) {
        const worker = new Worker(__filename, { trackUnmanagedFds: false });
        await settled(() => opened() === 20);
        await reverted();
        await worker.terminate();
        print(opened() + ' ' + native.tokenCount());
      } else {
        for (let i = 0; i < 20; i++) void job(alice, 'open', ${JSON.stringify(directory)}, fs.constants.O_RDONLY, 0);
        for (;;);
      }`);
    // The two tokens are the main thread's own.
    expect(lines).toEqual(['0 2']);
  });

  test('does not keep the process from ending', async () => {
    const result = await runSource(`${open}
      for (let i = 0; i < 500; i++) void job(i % 2 ? alice : bob, 'stat', files.alice, false);
      await job(alice, 'stat', '/', false);
      process.exit(7);`);
    expect(result).toMatchObject({ code: 7, signal: null, stderr: '' });
  });

  test('reports what its reaction throws as unhandled', async () => {
    const lines = await linesOf(`${open}
      let reported = false;
      process.on('uncaughtException', (error) => { print('uncaught ' + error.message); reported = true; });
      void native.startFs(alice, native.fsCalls.open, '/', 0, 0).then(() => { throw new Error('mine'); });
      await settled(() => reported);
      await reverted();
      print(others().join() + openFiles().filter((path) => path === '/').length);`);
    // The reaction got the descriptor: it is not closed a second time.
    expect(lines).toEqual(['uncaught mine', '1']);
  });
});
