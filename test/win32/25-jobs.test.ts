import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, runSource } from '../support/children/child';
import { jobs } from '../support/children/sources';
import { tempFolder } from '../support/folders';
import { world } from '../support/world/win32';

const folder = tempFolder('jobs');
let names = 0;
const newPath = (): string => join(folder, String(names++));

const open = `${jobs}
  const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const fail = (name, fault = {}) => {
    if (seam().failImport('impersonate.node', name, { error: 5, times: Infinity, ...fault }).length === 0) throw new Error('not patched');
  };
  const folder = ${JSON.stringify(folder)};
  const failure = ([error]) => typeof error === 'number' ? String(error) : [error.name, error.code, error.syscall].join(' ').trim();
  const { setTimeout: sleep } = require('node:timers/promises');
  // Threads revert after each job, unless a test sets another idle time.
  const limit = (idleTime) => { native.setPoolLimits(4, Number(process.env.THREADS ?? 64), idleTime, false); };
  limit(0);
  const users = async () => {
    for (;;) {
      const [threads, busy, , staying] = native.poolStatistics();
      if (busy === 0 && staying === 0) return 'none of ' + threads;
      await sleep(5);
    }
  };`;

const noUsers = 'none of 1';
const oneThread = { env: { THREADS: '1' } };

describe('a job that cannot start', () => {
  test.each([
    ['SetThreadToken', 5, 'ERROR_ACCESS_DENIED'],
    ['SetThreadToken', 1450, 'ERROR_NO_SYSTEM_RESOURCES'],
    ['GetTokenInformation', 8, 'ERROR_NOT_ENOUGH_MEMORY'],
  ])('because %s fails with %d: reports it, makes no call, changes no thread', async (call, error, code) => {
    const path = newPath();
    const lines = await linesOf(
      `${open}
      fail('${call}', { error: ${String(error)}, times: 1 });
      print(failure(await job(alice, 'mkdir', ${JSON.stringify(path)}, 0o777)));
      print(await users());
      print(failure(await job(alice, 'access', folder, 0)));`,
      oneThread,
    );
    expect(lines).toEqual([`ImpersonationError ${code} ${call}`, noUsers, '0']);
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['a silent downgrade', 'lieSetThreadToken', '{ times: 1 }', 'DOWNGRADED'],
    ["another user's token", 'swapThreadToken', 'world.bob.mint(), { times: 1 }', 'MISMATCH'],
  ])('by %s is detected at the first use', async (_what, fault, options, code) => {
    const path = newPath();
    const lines = await linesOf(
      `${open}
      seam().${fault}('impersonate.node', ${options});
      print(failure(await job(alice, 'mkdir', ${JSON.stringify(path)}, 0o777)));
      print(await users());`,
      oneThread,
    );
    expect(lines).toEqual([`ImpersonationError ERR_IMPERSONATION_${code}`, noUsers]);
    expect(existsSync(path)).toBe(false);
  });

  test('because its identity cannot be read back: the thread gets the process identity', async () => {
    const lines = await linesOf(
      `${open}
      fail('GetTokenInformation', { error: 8, times: 1 });
      fail('SetThreadToken', { times: 0 });
      print(failure(await job(alice, 'access', folder, 0)));
      print(String(seam().importCalls('impersonate.node', 'SetThreadToken')));`,
      oneThread,
    );
    expect(lines).toEqual(['ImpersonationError ERROR_NOT_ENOUGH_MEMORY GetTokenInformation', '2']);
  });

  test('for a token that is closed or of identification level throws at once', async () => {
    const lines = await linesOf(`${open}
      const attempt = (token) => { try { void native.startFs(token, native.fsCalls.stat, folder, false).then(() => { print('done'); }); } catch (error) { print(error.code); } };
      attempt(native.duplicateToken(alice, 1));
      native.closeToken(alice);
      attempt(alice);`);
    expect(lines).toEqual(['ERR_TOKEN_LEVEL', 'ERR_TOKEN_CLOSED']);
  });
});

describe('a job that cannot revert aborts the process', () => {
  test.each([
    ['SetThreadToken fails', 'SetThreadToken', '{ skip: 1 }', /SetThreadToken failed: ERROR_ACCESS_DENIED/],
    [
      'SetThreadToken did nothing',
      'SetThreadToken',
      '{ skip: 1, returns: 1 }',
      /still carries a user's token/,
    ],
    ['the thread cannot be queried', 'OpenThreadToken', '{ error: 8 }', /cannot be read after its jobs/],
  ])('because %s', async (_why, call, fault, message) => {
    const { code, signal, stdout, stderr } = await runSource(`${open}
      process.on('exit', () => { print('exit handler'); });
      await job(alice, 'access', folder, 0);
      // The thread reverts after it has delivered the result: that call is not to be counted.
      await users();
      fail('${call}', ${fault});
      print('ready');
      void native.startFs(alice, native.fsCalls.access, folder, 0).then(() => { print('done'); });
      await new Promise((resolve) => { setTimeout(resolve, 10_000); });
      print('went on');`);
    // The result is delivered while the thread reverts.
    expect(stdout.trim().split(/\s+/).slice(0, 2).join()).toMatch(/^ready(,done)?$/);
    expect(stdout).not.toMatch(/went on|exit handler/);
    expect(stderr).toMatch(message);
    expect(signal ?? code).not.toBe(0);
  });
});

const mine = join(folder, 'of-alice');
mkdirSync(mine);
writeFileSync(join(mine, 'file'), 'of alice');
const other = join(folder, 'of-bob');
mkdirSync(other);
writeFileSync(join(other, 'file'), 'of bob');

const owned = `${open}
  const paths = ${JSON.stringify({ alice: mine, bob: other })};
  world.own(paths.alice, world.alice);
  world.own(paths.bob, world.bob);
  seam().takeRecords();`;
const refused = expect.stringMatching(/^-\d+$/) as string;

describe('a pool thread', () => {
  test('is the user while a job runs, and the process again after it', async () => {
    const lines = await linesOf(
      `${owned}
      print(failure(await job(alice, 'open', paths.alice + '\\\\file', 0, 0)));
      const judged = seam().takeRecords().filter(({ subject }) => subject.includes('of-alice'));
      print([...new Set(judged.map(({ sid, level, main }) => [sid, level, main].join()))].join('; '));
      print(await users());`,
      oneThread,
    );
    expect(lines).toEqual(['0', `${world.alice.id},impersonation,false`, noUsers]);
  });

  test('that has lost its identity between two jobs ends the process', async () => {
    const { code, signal, stdout, stderr } = await runSource(
      `${owned}
      limit(60_000);
      for (const token of [alice, bob]) print(failure(await job(token, 'access', folder, 0)));
      // The thread gets bob's token instead of alice's, whose first use has been verified.
      seam().swapThreadToken('impersonate.node', world.bob.mint(), { times: 1 });
      print(failure(await job(alice, 'access', folder, 0)));
      print('ready');
      void native.startFs(alice, native.fsCalls.access, folder, 0).then(() => { print('done'); });
      await sleep(10_000);`,
      oneThread,
    );
    expect(stdout.trim().split(/\s+/)).toEqual(['0', '0', '0', 'ready']);
    expect(stderr).toMatch(/a thread that stayed a user has another token/);
    expect(signal ?? code).not.toBe(0);
  });

  test.each([
    ['3 kernel calls for each job, if it reverts: set, revert, check', 0, '1,2,0,0,0,0,0'],
    ['one question for each job, if it stays the user', 60_000, '0,0,0,0,2,0,0'],
  ])('makes %s', async (_what, idleTime, counts) => {
    const lines = await linesOf(`${open}
      limit(${String(idleTime)});
      const once = async () => { await job(alice, 'access', folder, 0); if (${String(idleTime)} === 0) await users(); };
      await once();
      const calls = ['OpenThreadToken', 'SetThreadToken', 'RevertToSelf', 'ImpersonateLoggedOnUser', 'GetTokenInformation', 'DuplicateTokenEx', 'CloseHandle'];
      for (const name of calls) seam().failImport('impersonate.node', name, { error: 5, times: 0, late: true });
      await once();
      print(calls.map((name) => seam().importCalls('impersonate.node', name)).join());`);
    expect(lines).toEqual([counts]);
  });
});

describe('jobs of one user', () => {
  test('with two tokens each run under their own', async () => {
    const lines = await linesOf(
      `${open}
      limit(60_000);
      const other = native.duplicateToken(alice, 2);
      fail('SetThreadToken', { times: 0 });
      for (const token of [alice, other, other, alice]) print(failure(await job(token, 'access', folder, 0)));
      print(String(seam().importCalls('impersonate.node', 'SetThreadToken')));`,
      oneThread,
    );
    expect(lines).toEqual(['0', '0', '0', '0', '3']);
  });

  test('that wait for a thread together share its identity switches', async () => {
    const lines = await linesOf(
      `${open}
      await job(alice, 'access', folder, 0);
      fail('SetThreadToken', { times: 0 });
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => job(alice, 'access', folder, 0)));
      print(String(outcomes.every(([error]) => error === 0)));
      const calls = seam().importCalls('impersonate.node', 'SetThreadToken');
      print(String(calls > 0 && calls < 400));
      print(await users());`,
      oneThread,
    );
    expect(lines).toEqual(['true', 'true', noUsers]);
  });
});

describe('jobs of two users', () => {
  test.each([
    ['at any interleaving', 16, {}],
    ['where one thread has all of them to do', 2000, oneThread],
  ])("never open the other user's file, %s", async (_how, atOnce, options) => {
    const lines = await linesOf(
      `${owned}
      const round = async (i) => {
        const [token, key] = i % 2 ? [alice, 'alice'] : [bob, 'bob'];
        const whose = i % 3 ? key : { alice: 'bob', bob: 'alice' }[key];
        const [error, fd] = await job(token, 'open', paths[whose] + '\\\\file', 0, 0);
        if (error !== 0) return [whose === key, error < 0].join();
        const content = fs.readFileSync(fd, 'utf8');
        fs.closeSync(fd);
        return [whose === key, content === 'of ' + key].join();
      };
      let next = 0;
      const seen = {};
      const flow = async () => { while (next < 2000) { const outcome = await round(next++); seen[outcome] = (seen[outcome] ?? 0) + 1; } };
      await Promise.all(Array.from({ length: ${String(atOnce)} }, flow));
      print([seen['true,true'], seen['false,true'], Object.keys(seen).length].join());`,
      options,
    );
    expect(lines).toEqual(['1333,667,2']);
  });

  test('list a directory as the caller', async () => {
    const lines = await linesOf(`${owned}
      for (const call of ['opendir', 'scandir']) print(failure(await job(bob, call, paths.alice, false)));
      print(JSON.stringify(await job(alice, 'scandir', paths.alice, false)));
      const [, dir] = await job(alice, 'opendir', paths.alice);
      print(JSON.stringify(await job(alice, 'readdir', dir, 10, false)));
      print(JSON.stringify(await job(alice, 'readdir', dir, 10, false)));
      print(failure(await job(alice, 'closedir', dir)));
      try { native.fsSync(alice, native.fsCalls.closedir, dir); } catch (error) { print(error.code); }
      const judged = seam().takeRecords().filter(({ subject }) => subject.includes('of-alice'));
      print([...new Set(judged.map(({ sid, main }) => [sid, main].join()))].sort().join('; '));`);
    const both = `${world.alice.id},false; ${world.bob.id},false`;
    const entries = '[0,["file","1"]]';
    const codes = ['0', 'ERR_INVALID_ARG_VALUE'];
    expect(lines).toEqual([refused, refused, entries, entries, '[0,null]', ...codes, both]);
  });

  test('go on with a token that was closed after they started', async () => {
    const lines = await linesOf(`${owned}
      const opening = job(alice, 'stat', paths.alice + '\\\\file', false);
      native.closeToken(alice);
      print(failure(await opening));`);
    expect(lines).toEqual(['0']);
  });
});

describe('a job whose environment ends', () => {
  test('closes what it has opened for a worker that was terminated', async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      ${open}
      if (isMainThread) {
        const before = world.handleCount();
        const worker = new Worker(__filename, { trackUnmanagedFds: false });
        await new Promise((resolve) => { worker.once('message', resolve); });
        await worker.terminate();
        print(String(world.handleCount() - before < 100));
      } else {
        const file = ${JSON.stringify(join(mine, 'file'))};
        for (let i = 0; i < 300; i++) void job(alice, 'open', file, 0, 0);
        for (let i = 0; i < 300; i++) void job(alice, 'opendir', folder);
        parentPort.postMessage('started');
        // Its event loop gets none of the results.
        for (;;);
      }`);
    expect(lines).toEqual(['true']);
  });

  test('does not keep the process from ending', async () => {
    const result = await runSource(`${open}
      for (let i = 0; i < 500; i++) void job(i % 2 ? alice : bob, 'stat', folder, false);
      await job(alice, 'stat', folder, false);
      process.exit(7);`);
    expect(result).toMatchObject({ code: 7, stderr: '' });
  });
});
