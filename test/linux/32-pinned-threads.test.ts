import { linesOf, runSource, writeSource } from '../support/children/child';
import { product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const open = `const { ImpersonatedWorker } = require(${JSON.stringify(product)});
  const alice = await world.alice.token();
  const start = (code, options) => {
    const worker = new ImpersonatedWorker(code, { token: alice, eval: true, ...options });
    return new Promise((resolve) => { worker.once('message', () => { resolve(worker); }); });
  };`;
const probePath = JSON.stringify(require.resolve('../support/linux/probe'));

describeSwitching('a thread that is a user for its lifetime', () => {
  test('gets the whole identity, and drops it completely', async () => {
    const status = JSON.stringify(require.resolve('../support/linux/thread-status'));
    const lines = await linesOf(`${open}
      const { threadStatus, allThreads } = require(${status});
      const worker = await start('const { parentPort } = require("node:worker_threads"); parentPort.postMessage(1); parentPort.on("message", () => parentPort.close());');
      const own = threadStatus();
      const others = [...allThreads().values()].filter(({ uids }) => uids.join() !== own.uids.join());
      print(others.map(({ uids, gids, groups, capabilities }) => [uids, gids, groups, capabilities.effective].join(' ')).join('; '));
      worker.postMessage('end');
      await new Promise((resolve) => { worker.once('exit', resolve); });
      print(String([...allThreads().values()].filter(({ uids }) => uids.join() !== own.uids.join()).length));`);
    const { uid, gid, groups } = world.alice;
    const sorted = [...groups].sort((a, b) => a - b).join();
    expect(lines).toEqual([`${[65533, uid, 0, uid].join()} ${[gid, gid, 0, gid].join()} ${sorted} 0`, '0']);
  });

  test("keeps the process's own credentials as they are until it ends", async () => {
    const lines = await linesOf(`${open}
      const attempt = () => { try { process.seteuid(0); print('allowed'); } catch (error) { print(error.code); } };
      attempt();
      const worker = await start('require("node:worker_threads").parentPort.on("message", () => process.exit()).postMessage(1);');
      attempt();
      worker.postMessage('end');
      await new Promise((resolve) => { worker.once('exit', resolve); });
      attempt();`);
    expect(lines).toEqual(['allowed', 'ERR_SCOPE_ACTIVE', 'allowed']);
  });

  test.each(['setgroups', 'setresgid', 'setresuid'])(
    'does not start if %s fails: none of its code runs',
    async (call) => {
      // Loaded by --require, before the thread gets its identity.
      const fault = writeSource('bare', `require(${probePath}).probe().failSyscall('${call}', 1);`);
      const lines = await linesOf(`${open}
        const code = 'require("node:fs").writeSync(1, "ran\\\\n")';
        const worker = new ImpersonatedWorker(code, { token: alice, eval: true, execArgv: ['--disable-warning=IMPERSONATE_LOADED_LATE', '--require', ${JSON.stringify(fault)}] });
        worker.once('error', (error) => { print([error.code, error.syscall, world.whoAmI() === world.serviceId].join()); });`);
      expect(lines).toEqual([`EPERM,${call},true`]);
    },
  );

  test('begins as the process, even if a scope starts it', async () => {
    const printUser = writeSource('bare', `require('node:fs').writeSync(1, process.geteuid() + '\\n');`);
    const lines = await linesOf(`${open}
      const { Worker } = require('node:worker_threads');
      const execArgv = ['--disable-warning=IMPERSONATE_LOADED_LATE', '--require', ${JSON.stringify(printUser)}];
      const run = (code) => new Promise((resolve) => {
        alice.runSync(() => new ImpersonatedWorker(code, { token: alice, eval: true, execArgv }).once('exit', resolve));
      });
      await run('');
      await run('const { Worker } = require("node:worker_threads"); require(' + JSON.stringify(${JSON.stringify(product)}) + ').withoutToken(() => new Worker("", { eval: true }));');`);
    expect(lines).toEqual([world.serviceId, world.serviceId, world.serviceId]);
  });

  test('ends the process if it cannot revert', async () => {
    const code = `require(${probePath}).probe().failSyscall('setresuid', 1);
      require('node:worker_threads').parentPort.postMessage(1);`;
    const result = await runSource(`${open}
      await start(${JSON.stringify(code)});
      setTimeout(() => { print('went on'); }, 5000);`);
    expect(result).toMatchObject({ code: null, signal: 'SIGABRT', stdout: '' });
    expect(result.stderr).toContain('setresuid');
  });
});
