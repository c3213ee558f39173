import { runSource, type ChildResult } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const open = `const { probe } = require(${JSON.stringify(require.resolve('../support/linux/probe'))});
  const { failSyscall } = probe();
  const alice = await world.alice.token();
  const bob = await world.bob.token();
  process.on('exit', () => { print('exit handler'); });
  process.on('uncaughtException', () => { print('handler'); });`;

/** Expects that the process ended at once with a reason, and that nothing ran after "ready". */
function expectAborted(result: ChildResult): void {
  expect(result).toMatchObject({ code: null, signal: 'SIGABRT', stdout: 'ready\n' });
  expect(result.stderr).toMatch(/restore|identity/i);
}

const calls = ['setgroups', 'setresgid', 'setresuid'];

describeSwitching('a restore that fails aborts the process', () => {
  test.each(calls)('at %s, from runSync', async (call) => {
    expectAborted(
      await runSource(`${open}
        try { alice.runSync(() => { failSyscall('${call}', 1); print('ready'); }); } catch { print('caught'); } finally { print('finally'); }
        print('went on');`),
    );
  });

  test.each(calls)('at %s, from a scope', async (call) => {
    expectAborted(
      await runSource(`${open}
        const scope = alice.impersonate();
        failSyscall('${call}', 1);
        print('ready');
        try { scope.revert(); } catch { print('caught'); }
        print('went on');`),
    );
  });

  test.each(calls)('at %s, from the function throwing', async (call) => {
    expectAborted(
      await runSource(`${open}
        try { alice.runSync(() => { failSyscall('${call}', 1); print('ready'); throw new Error('mine'); }); } catch { print('caught'); }
        print('went on');`),
    );
  });

  test('from an inner scope to the outer scope', async () => {
    expectAborted(
      await runSource(`${open}
        alice.runSync(() => {
          try { bob.runSync(() => { failSyscall('setresuid', 1, ${String(world.alice.uid)}); print('ready'); }); } catch { print('caught'); }
          print('went on');
        });`),
    );
  });

  test('from process.exit in a scope', async () => {
    expectAborted(
      await runSource(
        `${open} alice.runSync(() => { failSyscall('setresuid', 1); print('ready'); process.exit(0); });`,
      ),
    );
  });

  test('from a leak', async () => {
    expectAborted(
      await runSource(
        `${open} alice.impersonate(); failSyscall('setresuid', 1); print('ready'); await null; print('went on');`,
      ),
    );
  });

  test('in a worker, aborts the whole process', async () => {
    expectAborted(
      await runSource(`
        const { Worker, isMainThread } = require('node:worker_threads');
        if (isMainThread) {
          new Worker(__filename).on('error', () => { print('error'); }).on('exit', () => { print('the worker alone ended'); });
        } else {
          ${open.replaceAll('process.on', 'void process.on')}
          alice.runSync(() => { failSyscall('setresuid', 1); print('ready'); });
          print('went on');
        }`),
    );
  });

  // An entry that fails half-way must be undone; one that cannot be undone is a failed restore.
  test('while undoing a failed entry', async () => {
    expectAborted(
      await runSource(`${open}
        failSyscall('setresuid', 1, ${String(world.alice.uid)});
        failSyscall('setresgid', 1, 0);
        print('ready');
        try { alice.runSync(() => { print('ran'); }); } catch { print('caught'); }
        print('went on');`),
    );
  });
});
