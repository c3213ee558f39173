import { basename } from 'node:path';
import {
  runProgram,
  runSource,
  writeSource,
  type ChildResult,
  type SourceKind,
} from '../support/children/child';
import { describeSwitching } from '../support/world/acting';

const open = "const alice = await world.alice.token(); print('ready');";
const dispose = 'scope[Symbol.dispose]();';
// Code that runs later must not run as alice: it would show in the output.
const later = (name: string): string =>
  `print('${name} ' + (world.whoAmI() === world.alice.id ? 'as alice' : 'as service'))`;

interface Leaky {
  readonly kind?: SourceKind;
  /** Where the scope is opened, if not in the source itself. */
  readonly openedIn?: string;
}

/** Expects that nothing ran after "ready", and that the process ended for the given reason. */
function expectEndedByLeak({ code, signal, stdout, stderr }: ChildResult): void {
  const reported = stderr.includes('ImpersonationError [ERR_SCOPE_LEAKED]: ');
  const got = { code, signal, stdout: stdout.trim(), stderr: reported ? 'reported' : stderr };
  expect(got).toEqual({ code: 70, signal: null, stdout: 'ready', stderr: 'reported' });
}

/** Expects that a leak ended the child: exit code and message, with the place where the scope was opened. */
async function expectLeak(source: string, { kind = 'main', openedIn }: Leaky = {}): Promise<void> {
  const path = writeSource(kind, source);
  const result = await runProgram(path);
  expectEndedByLeak(result);
  expect(result.stderr).toMatch(new RegExp(`opened[^]*${basename(openedIn ?? path)}`, 'i'));
}

describeSwitching('an await inside a scope ends the process before other code runs', () => {
  test('at once, before the synchronous caller continues', () =>
    expectLeak(`${open}
      async function leaky() {
        const scope = alice.impersonate();
        try { await null; print('continued'); } finally { ${dispose} }
      }
      leaky();
      ${later('the caller')};`));

  test.each([
    ['a pending promise', 'await new Promise(() => {});'],
    ['a timer', "await require('node:timers/promises').setTimeout(1);"],
    ['a thenable', 'await { then(resolve) { resolve(); } };'],
    ['a rejected promise', "await Promise.reject(new Error('mine'));"],
    ['for await', 'for await (const _ of [1, 2]) ;'],
    ['pool work', "await fs.promises.stat('/');"],
  ])('awaiting %s', (_name, wait) =>
    expectLeak(`${open}
      const leaky = async () => { const scope = alice.impersonate(); try { ${wait} } finally { ${dispose} } };
      leaky().catch(() => {});
      ${later('the caller')};`),
  );

  test('in optimised code, after many clean scopes', () =>
    expectLeak(`${open}
      const work = async (leak) => {
        const scope = alice.impersonate();
        if (leak) await null;
        ${dispose}
      };
      for (let i = 0; i < 20_000; i++) work(false);
      work(true);
      ${later('the caller')};`));

  test('in an inner function called by the code of the scope', () =>
    expectLeak(`${open}
      const inner = async () => { await null; };
      const outer = async () => { const scope = alice.impersonate(); await inner(); ${dispose} };
      outer();
      ${later('the caller')};`));
});

describeSwitching('a scope left open ends the process before other code runs', () => {
  const queued = [
    `setImmediate(() => { ${later('an immediate')}; });`,
    `setTimeout(() => { ${later('a timer')}; }, 0);`,
    `fs.stat('/', () => { ${later('pool work')}; });`,
  ].join('\n');
  const leak = 'alice.impersonate();';
  const after =
    "Promise.resolve().then(() => { print('a later promise'); }); process.nextTick(() => { print('a later tick'); });";

  test.each([
    ['a timer', (body: string) => `setTimeout(() => { ${body} }, 1);`],
    ['an immediate', (body: string) => `setImmediate(() => { ${body} });`],
    ['a tick', (body: string) => `process.nextTick(() => { ${body} });`],
    ['a microtask', (body: string) => `queueMicrotask(() => { ${body} });`],
    ['a promise callback', (body: string) => `Promise.resolve().then(() => { ${body} });`],
    ['pool work', (body: string) => `fs.stat('/', () => { ${body} });`],
    ['a thread-pool promise', (body: string) => `fs.promises.stat('/').then(() => { ${body} });`],
    [
      'an event',
      (body: string) =>
        `const server = require('node:net').createServer(); server.listen(0, '127.0.0.1', () => { ${body} });`,
    ],
    [
      'a message',
      (body: string) =>
        `const { port1, port2 } = new MessageChannel(); port1.onmessage = () => { ${body} }; port2.postMessage(1);`,
    ],
  ])('forgotten in %s', (_name, schedule) =>
    expectLeak(`${open}\n${schedule(`${queued} ${leak} ${after}`)}`),
  );

  // Callbacks that already wait in the same queues run before any that the scope could queue.
  test.each([
    ['promise callback', (body: string) => `Promise.resolve().then(() => { ${body} });`],
    ['microtask', (body: string) => `queueMicrotask(() => { ${body} });`],
    ['tick', (body: string) => `process.nextTick(() => { ${body} });`],
    ['continuation of an async function', (body: string) => `(async () => { await null; ${body} })();`],
  ])('even a %s that was queued before the scope was opened', async (_name, schedule) => {
    for (const job of [
      'setImmediate(() => { BODY });',
      'Promise.resolve().then(() => { BODY });',
      'process.nextTick(() => { BODY });',
    ]) {
      await expectLeak(`${open} ${job.replace('BODY', `${schedule(later('it'))} ${leak}`)}`);
    }
  });

  test('by a generator that yields', () =>
    expectLeak(`${open}
      function* leaky() { const scope = alice.impersonate(); try { yield 1; print('continued'); } finally { ${dispose} } }
      setImmediate(() => { ${queued} globalThis.generator = leaky(); generator.next(); });`));

  test('by an async generator that yields', () =>
    expectLeak(`${open}
      async function* leaky() { const scope = alice.impersonate(); try { yield 1; print('continued'); } finally { ${dispose} } }
      setImmediate(() => { ${queued} globalThis.generator = leaky(); generator.next(); });`));

  test('in a callback of runSync, when the callback ends', () =>
    expectLeak(`${open}
      const bob = await world.bob.token();
      bob.runSync(() => { alice.impersonate(); });
      ${later('the caller')};`));

  // Node has no hook between two of these that were queued before the scope was opened.
  const waiting = `(async () => { await null; ${later('another async function')}; })();
      queueMicrotask(() => { ${later('a microtask')}; });`;
  test.each([
    ['a microtask', 'queueMicrotask(leaky);'],
    ['then()', 'Promise.resolve().then(leaky);'],
    ['an async function after its await', '(async () => { await null; leaky(); })();'],
    ['an async function that throws', "(async () => { await null; leaky(); throw new Error('mine'); })();"],
    ['an async generator', '(async function* () { await null; leaky(); yield 1; })().next();'],
  ])('by %s, with others waiting behind it', (_name, leak) =>
    expectLeak(`${open}
      const leaky = () => { alice.impersonate(); };
      setImmediate(() => { ${leak} ${waiting} });`),
  );

  test('with scopes nested in it', () =>
    expectLeak(`${open} setImmediate(() => { ${queued} alice.impersonate(); alice.impersonate(); });`));

  test('at the top level of a CommonJS module', () =>
    expectLeak(`print('ready'); ${queued} const mine = Token.process(); mine.impersonate();`, {
      kind: 'cjs',
    }));

  // The top level of the program is no callback whose end could detect it.
  test.each(['process.nextTick', 'queueMicrotask'])(
    'at the top level of a CommonJS module, before what waits in %s',
    (queue) =>
      expectLeak(
        `print('ready'); ${queue}(() => { print('it'); }); const mine = Token.process(); mine.impersonate();`,
        { kind: 'cjs' },
      ),
  );

  test('at the end of its callback, before hooks that run after it', () =>
    expectLeak(`${open} const { createHook } = require('node:async_hooks');
      setImmediate(() => { alice.impersonate(); createHook({ after() { ${later('a hook')}; } }).enable(); });`));

  test('at the top level of an ES module', () =>
    expectLeak(`const alice = await world.alice.token(); print('ready'); ${queued} alice.impersonate();`, {
      kind: 'mjs',
    }));

  test('across an await at the top level of an ES module', () =>
    expectLeak(
      `const alice = await world.alice.token(); print('ready'); alice.impersonate(); await null; print('continued');`,
      { kind: 'mjs' },
    ));

  test('in a worker, ends the whole process', () => {
    const worker = writeSource(
      'main',
      `${open} setImmediate(() => { ${queued} alice.impersonate(); }); setTimeout(() => { print('went on'); }, 500);`,
    );
    const source = `const { Worker } = require('node:worker_threads');
      new Worker(${JSON.stringify(worker)}).on('exit', () => { print('the worker alone ended'); });`;
    return expectLeak(source, { openedIn: worker });
  });
});

describeSwitching('a leak cannot be hidden', () => {
  const leak = `const leaky = async () => { const scope = alice.impersonate(); await null; ${dispose} };
    try { leaky().catch(() => { print('caught'); }); } catch { print('caught at once'); }
    setTimeout(() => { print('went on'); }, 200);`;

  test.each(['uncaughtException', 'uncaughtExceptionMonitor', 'unhandledRejection', 'beforeExit', 'warning'])(
    'by a handler of %s',
    (event) => expectLeak(`${open} process.on('${event}', () => { print('swallowed'); }); ${leak}`),
  );

  test('by a capture callback', () =>
    expectLeak(`${open}
      process.setUncaughtExceptionCaptureCallback(() => { print('swallowed'); });
      setImmediate(() => { alice.impersonate(); });
      setTimeout(() => { print('went on'); }, 200);`));

  test.each([
    ['sets another exit code', 'process.exitCode = 0;'],
    ['exits by itself', 'process.exit(0);'],
    ['throws', "throw new Error('mine');"],
    ['opens a scope', 'alice.impersonate();'],
  ])('by an exit handler that %s', async (_what, body) => {
    const result = await runSource(`${open}
      process.on('exit', () => { if (world.whoAmI() !== world.serviceId) print('exit as the user'); ${body} });
      ${leak}`);
    expectEndedByLeak(result);
  });
});
