import childProcess from 'node:child_process';
import { lookupAccount, type Token } from 'impersonate';
import { expectActingAs } from '../support/acting';
import { linesOf } from '../support/child';
import { caught } from '../support/errors';
import { seam } from '../support/seam';
import { domain, world } from '../support/world-win32';

let alice: Token;
beforeEach(async () => {
  alice = await world.alice.token();
});
afterEach(() => {
  alice.close();
});

// CreateProcessW takes the process's token, whatever the thread has.
describe('child_process in a scope', () => {
  const node = process.execPath;
  const calls: [string, () => unknown][] = [
    ['spawn', () => childProcess.spawn(node, ['-v'])],
    ['spawnSync', () => childProcess.spawnSync(node, ['-v'])],
    ['exec', () => childProcess.exec('exit')],
    ['execSync', () => childProcess.execSync('exit')],
    ['execFile', () => childProcess.execFile(node, ['-v'])],
    ['execFileSync', () => childProcess.execFileSync(node, ['-v'])],
    ['fork', () => childProcess.fork('none.js')],
  ];

  test.each(calls)('%s is refused', (_name, call) => {
    alice.runSync(() => {
      expect(caught(call)).toMatchObject({ name: 'ImpersonationError', code: 'ERR_CHILD_PROCESS_IN_SCOPE' });
      expectActingAs(world.alice);
    });
    using _scope = alice.impersonate();
    expect(caught(call).code).toBe('ERR_CHILD_PROCESS_IN_SCOPE');
  });

  test('a function imported by name is refused too, and each works outside', async () => {
    const lines = await linesOf(
      `import { spawn, spawnSync } from 'node:child_process';
      const alice = await world.alice.token();
      alice.runSync(() => {
        for (const start of [spawn, spawnSync]) {
          try { start(process.execPath, ['-v']); say('started'); } catch (error) { say(error.code); }
        }
      });
      spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }).on('exit', (code) => { say('outside ' + code); });`,
      {},
      'mjs',
    );
    expect(lines).toEqual(['ERR_CHILD_PROCESS_IN_SCOPE', 'ERR_CHILD_PROCESS_IN_SCOPE', 'outside 0']);
  });
});

describe('an account look-up', () => {
  test('is made by the process, on a thread of the pool, even from a scope', async () => {
    seam().takeAuthorityRecords();
    // A user whom nothing has asked for yet: what was asked once is remembered.
    const sid = `${world.alice.id}${String(Date.now() % 1000)}`;
    seam().defineUser({ name: 'carol', domain, password: 'carol', sid });
    let asked: Promise<unknown> | undefined;
    alice.runSync(() => {
      asked = lookupAccount({ kind: 'user', id: sid, sid });
    });
    expect(await asked).toEqual({ name: 'carol', domain });
    const records = seam()
      .takeAuthorityRecords()
      .filter((record) => record.function === 'LookupAccountSidW');
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) expect(record).toMatchObject({ sid: world.serviceId, main: false });
  });

  test('of nobody finds nothing', async () => {
    expect(await lookupAccount({ kind: 'user', id: 'S-1-5-21-9-9-9-9999' })).toBeUndefined();
  });
});
