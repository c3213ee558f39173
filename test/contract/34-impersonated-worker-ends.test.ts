import { once } from 'node:events';
import { Token } from 'impersonate';
import { type ChildResult, runSource } from '../support/children/child';
import { failureOf, run, start } from '../support/children/impersonated-worker';
import { until } from '../support/children/progress';
import { product } from '../support/paths';
import { alice, bob, describeSwitching, expectActingAsService, freshTokens } from '../support/world/acting';
import { world } from '../support/world/world';

async function tokensSettle(count: number): Promise<void> {
  await until(() => Token.count === count);
  expect(Token.count).toBe(count);
}

describeSwitching('an ImpersonatedWorker that is terminated', () => {
  freshTokens();

  test.each([
    ['busy', 'post(me()); for (;;);'],
    ['blocked', 'post(me()); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);'],
    ['idle', 'post(me()); setInterval(() => {}, 1000);'],
    ['in a scope', 'Token.claim(workerData).runSync(() => { post(me()); for (;;); });'],
    ['in withoutToken', 'withoutToken(() => { post("alice alice"); for (;;); });'],
  ])('%s closes its tokens', async (name, source) => {
    const { count } = Token;
    const isScope = name === 'in a scope';
    const worker = start(source, { token: alice, ...(isScope && { workerData: bob.share() }) });
    const who = isScope ? 'bob bob' : 'alice alice';
    try {
      expect(await once(worker, 'message')).toEqual([who]);
    } finally {
      await worker.terminate();
    }
    await tokensSettle(count);
    expectActingAsService();
  });

  test('before it has started leaves no ticket', async () => {
    const { limit } = Token;
    const workers = Array.from({ length: 3 }, () => start('post(me());', { token: alice }));
    await Promise.all(workers.map((worker) => worker.terminate()));
    using token = Token.process();
    Token.limit = 1;
    try {
      expect(token.share()).toHaveLength(22);
    } finally {
      Token.limit = limit;
    }
  });
});

describeSwitching('an ImpersonatedWorker that ends', () => {
  freshTokens();

  test('by process.exit, in and out of scopes', async () => {
    const { count } = Token;
    for (const source of [
      'process.exit(0);',
      'Token.claim(workerData).runSync(() => { process.exit(0); });',
      'Token.claim(workerData).impersonate(); process.exit(0);',
      'withoutToken(() => { process.exit(0); });',
    ]) {
      expect(await run(source, { token: alice, workerData: bob.share() })).toEqual([]);
    }
    await tokensSettle(count);
  });

  test('by an exception emits the error, and is the user in its exit handlers', async () => {
    const { error, posts } = await failureOf(
      start(
        `process.on('exit', () => { post(me()); });
        setTimeout(() => { Token.claim(workerData).runSync(() => { throw new Error('thrown'); }); }, 1);`,
        { token: alice, workerData: bob.share() },
      ),
    );
    expect({ message: error.message, posts }).toEqual({ message: 'thrown', posts: ['alice alice'] });
  });
});

/** Runs a program with `worker`, an ImpersonatedWorker of alice with this code, which posts when it is ready. */
function runWith(code: string, then: string): Promise<ChildResult> {
  const preamble = `const { parentPort } = require('node:worker_threads');
    const fs = require('node:fs');
    const { Token, withoutToken } = require(${JSON.stringify(product)});
    const ready = () => parentPort.postMessage('ready');`;
  return runSource(`
    const { ImpersonatedWorker } = require(${JSON.stringify(product)});
    const token = await world.alice.token();
    const code = ${JSON.stringify(`${preamble}\n${code}`)};
    const worker = new ImpersonatedWorker(code, { token, eval: true });
    token.close();
    await new Promise((resolve) => { worker.once('message', resolve); });
    ${then}`);
}

describeSwitching('a process with an ImpersonatedWorker', () => {
  const quietEnd = { code: 0, signal: null, stdout: '', stderr: '' };

  test.each([
    ['busy', 'ready(); for (;;);'],
    ['idle', 'ready(); setInterval(() => {}, 1000);'],
    [
      'in scopes',
      'const t = Token.current().duplicate(); ready(); for (;;) t.runSync(() => withoutToken(() => {}));',
    ],
  ])('that is %s ends cleanly', async (_name, code) => {
    expect(await runWith(code, 'process.exit(0);')).toEqual(quietEnd);
  });

  test('ends if the worker leaves a scope open', async () => {
    const { code, stdout, stderr } = await runWith(
      `parentPort.once('message', () => {
        Token.current().impersonate();
        setImmediate(() => { fs.writeSync(1, 'went on'); });
      });
      ready();`,
      `worker.postMessage('go on');`,
    );
    expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
    expect(stderr).toContain('ERR_SCOPE_LEAKED');
  });

  test('never sees the worker reverted by a leak, nor by ending all scopes', async () => {
    const binding = JSON.stringify(product.replace(/index\.js$/, 'core.js'));
    const { stdout, stderr } = await runWith(
      `const { native } = require(${binding});
      native.enter(Token.current().duplicate().ref().id);
      const left = native.leaveAll();
      const { user } = Token.thread();
      fs.writeSync(1, JSON.stringify([left, native.leaveAll(), ...native.scopeState, user.id]));
      const again = (where) => { try { native.pinThread(Token.current().ref().id); } catch (error) { fs.writeSync(1, where + error.code); } };
      again(' '); Token.current().runSync(() => again(' ')); withoutToken(() => again(' '));
      ready();`,
      '',
    );
    const busy = 'ERR_SCOPE_ACTIVE';
    expect({ stdout, stderr }).toEqual({
      stdout: `[1,0,0,0,0,"${world.alice.id}"] ${busy} ${busy} ${busy}`,
      stderr: '',
    });
  });
});
