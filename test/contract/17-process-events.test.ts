import { linesOf, runSource } from '../support/children/child';
import { run } from '../support/children/impersonated-worker';
import { product } from '../support/paths';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';

// `who()`: the effective identity by the kernel and by the package.
const open = `
  const { runSync, withoutToken } = require(${JSON.stringify(product)});
  const alice = await world.alice.token(), bob = await world.bob.token();
  const nameOf = (id) => ({ [world.alice.id]: 'alice', [world.bob.id]: 'bob', [world.serviceId]: 'service' })[id];
  const who = () => nameOf(world.whoAmI()) + ' ' + nameOf(Token.current().user.id);
  const report = (what) => print(what + ': ' + who());
  const end = new Promise((resolve) => { globalThis.over = resolve; });
`;

/** The code of a flow, by the event of the process that it causes. */
const causes: Record<string, string> = {
  beforeExit: '',
  custom: "process.emit('custom')",
  exit: 'process.exit(0)',
  message: "process.emit('message', {})",
  rejectionHandled: "const late = Promise.reject(new Error('x')); setTimeout(() => late.catch(() => {}), 1)",
  uncaughtException: "throw new Error('x')",
  uncaughtExceptionMonitor: "throw new Error('x')",
  unhandledRejection: "Promise.reject(new Error('x'))",
  warning: "process.emitWarning('x', { type: 'Mine' })",
  worker: "withoutToken(() => new (require('node:worker_threads').Worker)('', { eval: true }))",
};

describeSwitching("handlers of the process's events, emitted by a flow", () => {
  test.each(Object.entries(causes))(
    '%s: run as the process, and so does the work that they start',
    async (event, cause) => {
      const listen = `process.on('${event}', () => {
        report('handler');
        if ('${event}' !== 'exit') setTimeout(() => { report('later'); process.exit(0); }, 1);
      });`;
      const quiet =
        "for (const name of ['uncaughtException', 'unhandledRejection']) process.on(name, () => {});";
      const { stdout } = await runSource(`${open} ${event === 'exit' ? '' : quiet}
      process.on('${event}', () => { report('outside'); });
      alice.run(() => { ${listen} setTimeout(() => { ${cause} }, 1); });`);
      const later = event === 'exit' ? [] : ['later: service service'];
      expect(stdout.split(/\r?\n/).filter(Boolean)).toEqual([
        ...['outside: service service', 'handler: service service'],
        ...later,
      ]);
    },
  );

  test('signals, also if the handler was added in the flow', async () => {
    // Windows cannot send signals: when one arrives, Node calls the current emit.
    const send = `process.platform === 'win32' ? process.emit('SIGBREAK') : withoutToken(() => process.kill(process.pid, 'SIGUSR2'))`;
    const lines = await linesOf(`${open}
      const signal = process.platform === 'win32' ? 'SIGBREAK' : 'SIGUSR2';
      alice.run(() => {
        process.once(signal, () => { report('in flow'); });
        process.on(signal, () => { report('every time'); setTimeout(over, 20); });
        setTimeout(() => { ${send}; }, 1);
      });
      setTimeout(() => {}, 60_000); await end; process.exit();`);
    expect(lines).toEqual(['in flow: service service', 'every time: service service']);
  });

  test('messages of the parent, also if the handler was added in the flow', async () => {
    const lines = await linesOf(`
      if (!process.send) {
        const child = require('node:child_process').fork(__filename, { stdio: 'inherit' });
        child.send('x');
        await new Promise((resolve) => { child.once('exit', resolve); });
        return;
      }
      ${open}
      alice.run(() => {
        process.on('disconnect', () => { report('disconnect'); });
        process.on('message', () => { report('message'); setImmediate(() => { process.disconnect(); }); });
      });`);
    expect(lines).toEqual(['message: service service', 'disconnect: service service']);
  });

  test('the callback that captures uncaught exceptions', async () => {
    const lines = await linesOf(`${open}
      alice.run(() => {
        process.setUncaughtExceptionCaptureCallback(() => { report('captured'); over(); });
        setTimeout(() => { throw new Error('x'); }, 1);
      });
      await end;`);
    expect(lines).toEqual(['captured: service service']);
  });

  test('can begin a flow', async () => {
    const lines = await linesOf(`${open}
      process.on('custom', () => { bob.run(async () => { report('now'); await null; report('later'); runSync(() => { report('scope'); }); over(); }); });
      alice.run(() => { process.emit('custom'); report('after'); });
      await end;`);
    expect(lines).toEqual([
      'now: service bob',
      'after: service alice',
      'later: service bob',
      'scope: bob bob',
    ]);
  });

  test('of a worker thread', async () => {
    const lines = await linesOf(`
      const { Worker, isMainThread } = require('node:worker_threads');
      if (isMainThread) {
        await new Promise((resolve) => { new Worker(__filename).once('exit', resolve); });
        return;
      }
      ${open}
      process.on('warning', () => { report('warning'); });
      process.on('uncaughtException', () => { report('uncaughtException'); alice.run(() => { process.exit(); }); });
      process.on('exit', () => { report('exit'); });
      alice.run(() => { setTimeout(() => { process.emitWarning('x', { type: 'Mine' }); throw new Error('x'); }, 1); });
      await end;`);
    expect(lines.sort()).toEqual([
      'exit: service service',
      'uncaughtException: service service',
      ...(lines.length === 3 ? ['warning: service service'] : []),
    ]);
  });
});

describeSwitching("handlers of the process's events, emitted by a scope", () => {
  test.each([
    ['runSync', 'alice.runSync(() => {', '});'],
    ['impersonate', 'const scope = alice.impersonate();', 'scope.revert();'],
    ['a scope in a flow', 'bob.run(() => alice.runSync(() => {', '}));'],
  ])('%s: run as the process, and the scope goes on', async (_name, enter, leave) => {
    const lines = await linesOf(`${open}
      process.on('custom', async (...args) => {
        report(args.join());
        alice.runSync(() => { report('inner'); });
        bob.run(() => { report('flow'); runSync(() => { report('scope of it'); }); });
        await null;
        report('later');
        over();
      });
      ${enter}
        print(String(process.emit('custom', 1, 2)));
        print(String(process.emit('no listener')));
        report('after');
      ${leave}
      await end;`);
    expect(lines).toEqual([
      ...['1,2: service service', 'inner: alice alice', 'flow: service bob', 'scope of it: bob bob'],
      ...['true', 'false', 'after: alice alice', 'later: service service'],
    ]);
  });

  test.each([
    ['runSync', 'alice.runSync(() => { process.exit(3); });'],
    ['impersonate', 'alice.impersonate(); process.exit(3);'],
    ['a scope in a flow', 'bob.run(() => { alice.runSync(() => { process.exit(3); }); });'],
  ])("exit, in %s: Node's own work at the end is not done as the user", async (_name, end) => {
    const { code, stdout, stderr } = await runSource(`${open}
      const { reallyExit } = process;
      process.reallyExit = (code) => { print('end: ' + nameOf(world.whoAmI())); reallyExit.call(process, code); };
      process.on('exit', () => { report('exit'); });
      ${end}`);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout.split(/\r?\n/).filter(Boolean)).toEqual(['exit: service service', 'end: service']);
  });

  test('exit: an error thrown by a handler leaves the scope as it was', async () => {
    const { code, stdout } = await runSource(`${open}
      process.once('exit', () => { report('by hand'); });
      { const scope = bob.impersonate(); try { process.emit('exit', 0); } finally { report('finally'); scope.revert(); } }
      process.once('exit', () => { report('exit'); throw new Error('mine'); });
      alice.runSync(() => { try { process.exit(); } catch (error) { report(error.message); } });
      report('after'); process.exit(0);`);
    expect(stdout.split(/\r?\n/).filter(Boolean)).toEqual([
      ...['by hand: service service', 'finally: bob bob'],
      ...['exit: service service', 'mine: alice alice', 'after: service service'],
    ]);
    expect(code).toBe(0);
  });

  test('a scope that a handler leaves open ends the process', async () => {
    for (const enter of ['', 'alice.run(() => {', 'alice.runSync(() => {']) {
      const { code, stdout, stderr } = await runSource(`${open}
        process.on('custom', () => { bob.impersonate(); });
        ${enter}
          process.emit('custom'); print('went on');
        ${enter && '});'}`);
      expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
      expect(stderr).toContain('ERR_SCOPE_LEAKED');
    }
  });

  test.each(['process.exit(0);', ''])(
    'a scope that a handler leaves open ends the process before the next handler: %j',
    async (how) => {
      const { code, stdout, stderr } = await runSource(`${open}
        process.on('exit', () => { print('first'); alice.impersonate(); });
        process.once('exit', () => { report('second'); });
        ${how}`);
      expect({ code, stdout }).toEqual({ code: 70, stdout: 'first\n' });
      expect(stderr).toContain('ERR_SCOPE_LEAKED');
    },
  );
});

describeSwitching('a replacement of process.emit', () => {
  const patch = `
    const emit = process.emit;
    process.emit = function (name, ...args) {
      if (name !== 'custom') return emit.call(this, name, ...args);
      report('before');
      const result = emit.call(this, name, ...args);
      report('behind');
      return result;
    };`;
  const cause = `process.on('custom', () => { report('handler'); });
    alice.run(() => { print(String(process.emit('custom'))); });`;
  const reported = ['before: service service', 'handler: service service', 'behind: service service', 'true'];

  test('runs as the process, and calls the handlers', async () => {
    expect(await linesOf(`${open} ${patch} ${cause}`)).toEqual(reported);
  });

  test('can be removed again', async () => {
    const lines = await linesOf(`${open} ${patch} process.emit = emit; ${cause}`);
    expect(lines).toEqual(['handler: service service', 'true']);
  });

  test('may exist, or hold the emit that it calls, before the package was loaded', async () => {
    const program = (before: string, after: string): string => `
      let report = () => {}, print = (text) => { require('node:fs').writeSync(1, text + '\\n'); };
      ${before}
      const { Token } = require(${JSON.stringify(product)});
      const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
      (async () => { ${open.replace('const report =', 'report =')} ${after} })();`;
    const [save, replace] = patch.split(/(?<=emit;)/);
    for (const source of [program(patch, cause), program(String(save), `${String(replace)} ${cause}`)]) {
      const { stdout, stderr } = await runSource(source, {}, 'bare');
      expect({ stdout: stdout.split(/\r?\n/).filter(Boolean), stderr }).toEqual({
        stdout: reported,
        stderr: '',
      });
    }
  });

  test('adds no visible listener, and a copy of the process has its own', async () => {
    const lines = await linesOf(`${open}
      print(['exit', 'uncaughtException', 'uncaughtExceptionMonitor'].map((name) => process.listenerCount(name)).join());
      const copy = Object.create(process);
      copy.emit = () => 'its own';
      print(copy.emit('custom') + ' ' + process.emit('custom') + ' ' + process.emit.name);`);
    expect(lines).toEqual(['0,0,0', 'its own false emit']);
  });
});

describeSwitching('an ImpersonatedWorker', () => {
  freshTokens();

  test('is its own user in handlers of events that a flow or scope of another user emits', async () => {
    const posts = await run(
      `const bob = Token.claim(workerData);
      const report = (what) => post(what + ' ' + me() + ' ' + (Token.current().user.id === world.alice.id));
      process.on('custom', (what) => { report(what); });
      process.on('exit', () => { report('exit'); });
      process.on('uncaughtException', () => { report('uncaughtException'); });
      process.emit('custom', 'none');
      bob.run(() => { process.emit('custom', 'flow'); });
      bob.runSync(() => { process.emit('custom', 'scope'); post(me()); });
      withoutToken(() => { process.emit('custom', 'process'); });
      await new Promise((resolve) => { bob.run(() => { setTimeout(() => { setTimeout(resolve, 1); throw new Error('x'); }, 1); }); });
      bob.run(() => { bob.runSync(() => { process.exit(); }); });`,
      { token: alice, workerData: bob.share() },
    );
    expect(posts).toEqual([
      ...['none alice alice true', 'flow alice alice true', 'scope alice alice true', 'bob bob'],
      ...['process alice alice true', 'uncaughtException alice alice true', 'exit alice alice true'],
    ]);
  });
});

const openAlice =
  'const alice = await world.alice.token(); const who = () => (world.whoAmI() === world.serviceId ? "service" : "user");';

describeSwitching("handlers of the process's events run as the service", () => {
  test.each(['alice.impersonate();', 'alice.impersonate(); alice.impersonate();'])(
    'uncaughtException: never after %s and a throw, which is a leak',
    async (enter) => {
      const { code, stdout, stderr } = await runSource(`${openAlice}
        process.on('uncaughtExceptionMonitor', () => { print('monitor ' + who()); });
        process.on('uncaughtException', () => { print('handler ' + who()); });
        process.on('exit', () => { print('exit ' + who()); });
        setImmediate(() => { ${enter} throw new Error('mine'); });`);
      expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
      expect(stderr).toContain('ERR_SCOPE_LEAKED');
    },
  );

  test('uncaughtException, of an error that a promise hook throws inside runSync', async () => {
    const lines = await linesOf(`${openAlice}
      process.on('uncaughtException', (error) => { print(error.message + ' ' + who()); });
      const stop = require('node:v8').promiseHooks.onInit(() => { throw new Error('mine'); });
      alice.runSync(() => { new Promise(() => {}); stop(); print('in scope ' + who()); });`);
    expect(lines).toEqual(['mine service', 'in scope user']);
  });

  test('exit, when a scope calls process.exit', async () => {
    const result = await runSource(`${openAlice}
      process.on('exit', () => { print('exit ' + who()); });
      alice.impersonate();
      process.exit(3);`);
    expect(result).toMatchObject({ code: 3, signal: null });
    expect(result.stdout.trim()).toBe('exit service');
  });

  test('exit, when runSync calls process.exit', async () => {
    const result = await runSource(`${openAlice}
      process.on('exit', () => { print('exit ' + who()); });
      alice.runSync(() => { process.exit(4); });`);
    expect(result).toMatchObject({ code: 4, signal: null });
    expect(result.stdout.trim()).toBe('exit service');
  });

  test('handlers that were added before the package was loaded', async () => {
    const path = JSON.stringify(require.resolve('../support/world/world'));
    const result = await runSource(
      `const print = (text) => require('node:fs').writeSync(1, text + '\\n');
       let who = () => 'unknown';
       process.on('uncaughtExceptionMonitor', () => print('monitor ' + who()));
       process.on('exit', () => print('exit ' + who()));
       process.on('uncaughtException', () => { print('handler ' + who()); process.exit(5); });
       const { world } = require(${path});
       who = () => (world.whoAmI() === world.serviceId ? 'service' : 'user');
       world.alice.token().then((alice) => setImmediate(() => { alice.runSync(() => { throw new Error('mine'); }); }));`,
      {},
      'bare',
    );
    expect(result.stdout.split(/\r?\n/).filter(Boolean)).toEqual([
      'monitor service',
      'handler service',
      'exit service',
    ]);
  });

  test('an error thrown through using and runSync reaches its handler as usual', async () => {
    const lines = await linesOf(`${openAlice}
      process.on('uncaughtException', (error) => { print(error.message + ' ' + who()); });
      setImmediate(() => { alice.runSync(() => { throw new Error('from runSync'); }); });
      setTimeout(() => {
        const scope = alice.impersonate();
        try { throw new Error('from using'); } finally { scope[Symbol.dispose](); }
      }, 20);`);
    expect(lines).toEqual(['from runSync service', 'from using service']);
  });
});
