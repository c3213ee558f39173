import { product } from '../support/paths';
import { linesOf, runSource, type ChildResult } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';

const open = `const alice = await world.alice.token();
  const bob = await world.bob.token();
  const who = () => (world.whoAmI() === world.alice.id ? 'alice' : world.whoAmI() === world.bob.id ? 'bob' : 'service');`;
const evil = "print('evil ' + who());";
const binding = JSON.stringify(product.replace(/index\.js$/, 'core.js'));

/** Expects that the child ended with the exit code and message of a leak, and that no code ran after it. */
function expectEndedByLeak({ code, signal, stdout, stderr }: ChildResult): void {
  const reported = stderr.includes('ImpersonationError [ERR_SCOPE_LEAKED]: ') ? 'reported' : stderr;
  expect({ code, signal, stdout, reported }).toEqual({
    code: 70,
    signal: null,
    stdout: '',
    reported: 'reported',
  });
}

const leaks: readonly [string, string][] = [
  [
    'in the same token nested',
    'alice.runSync(() => { try { alice.runSync(() => { bob.impersonate(); }); } catch {} CONTINUED });',
  ],
  [
    'in a callback that throws',
    "try { alice.runSync(() => { bob.impersonate(); throw 'mine'; }); } catch {} CONTINUED",
  ],
  [
    'in withoutToken',
    'alice.runSync(() => { try { withoutToken(() => { bob.impersonate(); }); } catch {} CONTINUED });',
  ],
  [
    'in withoutToken outside of every scope',
    'try { withoutToken(() => { bob.impersonate(); }); } catch {} CONTINUED',
  ],
  ['at the end of a callback', 'bob.impersonate(); process.nextTick(() => { CONTINUED });'],
  ['by an uncaught exception', "bob.impersonate(); throw 'mine';"],
  [
    'across an await',
    '(async () => { bob.impersonate(); await null; })().catch(() => { CONTINUED }); CONTINUED',
  ],
];

// Changes of a program that could break a report.
const hostile: readonly [string, string][] = [
  ['prepareStackTrace that throws', "Error.prepareStackTrace = () => { throw new Error('x'); };"],
  ['prepareStackTrace that runs on', `Error.prepareStackTrace = () => { ${evil} };`],
  [
    'an accessor for it',
    `Object.defineProperty(Error, 'prepareStackTrace', { get() { ${evil} }, set() { ${evil} } });`,
  ],
  [
    'one that is inherited',
    `Object.defineProperty(Function.prototype, 'prepareStackTrace', { get() { ${evil} }, set() { ${evil} } });`,
  ],
  ['one that cannot be replaced', `Error.prepareStackTrace = () => { ${evil} }; Object.freeze(Error);`],
  ['another String', `globalThis.String = () => { ${evil} };`],
  ['stacks of all objects', `Object.defineProperty(Object.prototype, 'stack', { get() { ${evil} } });`],
  ['another Error', `Object.defineProperty(globalThis, 'Error', { get() { ${evil} return class {}; } });`],
  [
    'call sites of its own',
    `const { prepareStackTrace } = Error; Error.prepareStackTrace = (_, sites) => sites;
    const sites = Object.getPrototypeOf(new Error().stack[0]); Error.prepareStackTrace = prepareStackTrace;
    for (const name of ['toString', 'getFileName', 'getTypeName', 'isEval', 'getScriptHash']) Reflect.defineProperty(sites, name, { value: () => { ${evil} } });`,
  ],
  [
    'methods of the language',
    `for (const [object, names] of [[Array.prototype, ['map', 'find', 'some', 'filter', 'join']],
      [String.prototype, ['startsWith', 'replace']], [RegExp.prototype, ['test', 'exec']], [Token.prototype, ['toString']]]) {
      for (const name of names) object[name] = function () { ${evil} };
    }`,
  ],
  [
    'handlers',
    `for (const event of ['exit', 'beforeExit', 'uncaughtException', 'uncaughtExceptionMonitor', 'unhandledRejection', 'warning']) {
      process.prependListener(event, () => { ${evil} });
    }
    process.emit = () => { ${evil} }; process.reallyExit = () => { ${evil} };`,
  ],
  ['a capture callback', `process.setUncaughtExceptionCaptureCallback(() => { ${evil} });`],
];

describeSwitching(
  'a leak ends the process before other code runs, whatever is in the way of its report',
  () => {
    const source = (obstacle: string, leak: string): string => `${open}
    const { withoutToken } = require(${JSON.stringify(product)});
    setTimeout(() => { print('survived'); }, 500).unref();
    ${obstacle}
    setTimeout(() => { ${leak.replaceAll('CONTINUED', "print('went on as ' + who());")} }, 1);`;

    test.each(hostile)('%s', async (_name, obstacle) => {
      await Promise.all(
        leaks.map(async ([, leak]) => {
          expectEndedByLeak(await runSource(source(obstacle, leak)));
        }),
      );
    });

    test.each(leaks)('on a worker, %s', async (_name, leak) => {
      const result = await runSource(`const { Worker, isMainThread } = require('node:worker_threads');
      if (isMainThread) { new Worker(__filename).on('exit', () => { print('the worker alone ended'); }); return; }
      ${source(
        hostile
          .map(([, obstacle]) => `{ ${obstacle} }`)
          .slice(0, 2)
          .join(' '),
        leak,
      )}`);
      expectEndedByLeak(result);
    });
  },
);

describeSwitching('a leak whose description fails', () => {
  test('ends the process before other code runs', async () => {
    expectEndedByLeak(
      await runSource(`${open}
        const { native } = require(${binding});
        const describeLeak = () => { throw new Error('mine'); };
        native.initialize({ createError: (message) => new Error(message), describeLeak, noop: () => {} });
        setImmediate(() => {
          try { alice.runSync(() => { bob.impersonate(); }); } catch {}
          print('went on as ' + who());
        });`),
    );
  });
});

describeSwitching('an exhausted stack', () => {
  // Recurses until a scope has no room; the argument shifts the edge by a word.
  const edge = (leaf: string): string => `${open}
    const { native } = require(${binding});
    let opened = 0;
    const padding = new Array(1000).fill(0);
    const dispose = function () { this.revert(); };
    const leaf = () => { ${leaf} };
    const down = () => { leaf(); down(); };
    for (let words = 0; words < 10; words++) {
      const from = function () { down(); };
      try { from.apply(null, new Array(words).fill(0)); print('no end'); } catch (error) {
        if (!(error instanceof RangeError) || native.scopeState[1] !== 0) print(error.name + ' as ' + who());
      }
    }
    print(String(opened > 1000) + ' ' + who());`;

  test.each([
    [
      'leaves a scope by revert() that needs more of it',
      'const scope = alice.impersonate(); try { opened++; } finally { dispose.apply(scope, padding); }',
    ],
    [
      'leaves a scope by a finally block that needs more of it first',
      'const scope = alice.impersonate(); try { opened++; } finally { Math.max.apply(null, padding); scope.revert(); }',
    ],
    ['leaves the same token nested', 'alice.runSync(() => alice.runSync(() => { opened++; }));'],
  ])('%s', async (_name, leaf) => {
    expect(await linesOf(edge(leaf))).toEqual(['true service']);
  });

  test('does not keep a leak from ending the process', async () => {
    expectEndedByLeak(
      await runSource(`${open}
        const leaf = () => { alice.runSync(() => { bob.impersonate(); opened = true; }); };
        let opened = false;
        const down = () => { try { down(); } catch { leaf(); } print('went on as ' + who()); };
        try { down(); } catch {}
        print('survived ' + opened);`),
    );
  });
});

describeSwitching('code that the inspector evaluates', () => {
  test('cannot leave a scope open by its time limit', async () => {
    expectEndedByLeak(
      await runSource(`${open}
        const { Session } = require('node:inspector');
        globalThis.f = () => { bob.impersonate(); for (;;); };
        const session = new Session();
        session.connect();
        alice.runSync(() => { session.post('Runtime.evaluate', { expression: 'f()', timeout: 20 }); print('went on as ' + who()); });`),
    );
  });
});

describeSwitching('a module of node:vm', () => {
  test('that exceeds its time limit in a scope ends the process before its caller continues', async () => {
    const source = `${open}
      const vm = require('node:vm');
      const context = vm.createContext({ f() { bob.impersonate(); for (;;); } });
      const module_ = new vm.SourceTextModule('f()', { context });
      module_.link(() => {}).then(() => {
        alice.runSync(() => { module_.evaluate({ timeout: 20 }).catch(() => {}); print('went on as ' + who()); });
      });`;
    expectEndedByLeak(await runSource(source, { execArgv: ['--experimental-vm-modules', '--no-warnings'] }));
  });
});

describeSwitching('a script that exceeds its time limit', () => {
  const caught = (body: string): string => `${open}
    const vm = require('node:vm');
    const timeOut = (f) => {
      try { vm.runInNewContext('f()', { f }, { timeout: 50 }); } catch (error) { print(error.code + ' as ' + who()); }
    };
    ${body}
    print('after it ' + who());`;
  const timedOut = 'ERR_SCRIPT_EXECUTION_TIMEOUT';

  test.each([
    [
      'in the same token nested',
      'alice.runSync(() => { timeOut(() => { alice.runSync(() => { bob.impersonate(); for (;;); }); }); });',
      'alice',
    ],
    [
      'in another token nested',
      'bob.runSync(() => { timeOut(() => { alice.runSync(() => { bob.impersonate(); for (;;); }); }); });',
      'bob',
    ],
    ['in a using scope', 'timeOut(() => { bob.impersonate(); for (;;); });', 'service'],
    [
      'in a using scope of a using scope',
      'const scope = alice.impersonate(); timeOut(() => { bob.impersonate(); for (;;); }); scope.revert();',
      'alice',
    ],
  ])('reverts the scopes that it was in: %s', async (_name, body, as) => {
    expect(await linesOf(caught(body))).toEqual([`${timedOut} as ${as}`, 'after it service']);
  });

  test('has inactive scopes', async () => {
    const lines = await linesOf(
      caught(
        'let scope; timeOut(() => { scope = bob.impersonate(); for (;;); }); print(scope.active); scope.revert();',
      ),
    );
    expect(lines).toEqual([`${timedOut} as service`, 'false', 'after it service']);
  });

  test('and throws null if no script can be ended, like any exception', async () => {
    expectEndedByLeak(
      await runSource(
        `${open} try { alice.runSync(() => { bob.impersonate(); throw null; }); } catch { print('went on'); }`,
      ),
    );
  });
});

describeSwitching('the queues of ticks and promises', () => {
  test.each([
    ['runSync', 'alice.runSync(() => { pump(); });'],
    ['a using scope', 'const scope = alice.impersonate(); pump(); scope.revert();'],
    ['withoutToken in a scope', 'alice.runSync(() => { withoutToken(() => { pump(); }); });'],
    [
      'withoutToken in a using scope',
      'const scope = alice.impersonate(); withoutToken(() => { pump(); }); scope.revert();',
    ],
  ])('cannot be drained inside %s', async (_name, body) => {
    const lines = await linesOf(`${open}
      const { withoutToken } = require(${JSON.stringify(product)});
      const pump = () => { try { process._tickCallback(); print('emptied'); } catch (error) { print(error.code); } };
      process.nextTick(() => { print('a tick as ' + who()); });
      ${body}`);
    expect(lines).toEqual(['ERR_SCOPE_ACTIVE', 'a tick as service']);
  });

  test('can be drained outside', async () => {
    const lines = await linesOf(
      `process.nextTick(() => { print('a tick'); }); process._tickCallback(); print('after it');`,
    );
    expect(lines).toEqual(['a tick', 'after it']);
  });

  test('drained by other means inside withoutToken, find the suspended scope', async () => {
    expectEndedByLeak(
      await runSource(
        `const pump = process._tickCallback;
        const { Token, withoutToken } = require(${JSON.stringify(product)});
        const { world } = require(${JSON.stringify(require.resolve('../support/world/world'))});
        world.alice.token().then((alice) => {
          setImmediate(() => { alice.impersonate(); withoutToken(() => { pump(); }); console.log('went on'); });
        });`,
        {},
        'bare',
      ),
    );
  });
});

describeSwitching('the name of a script', () => {
  test('does not make an await look like a call of then()', async () => {
    expectEndedByLeak(
      await runSource(`${open}
        const vm = require('node:vm');
        const make = vm.runInThisContext('(enter) => new Promise(async () => { enter(); await null; })', {
          filename: 'node:internal/promise_hooks',
        });
        setImmediate(() => { make(() => alice.impersonate()); print('went on as ' + who()); });`),
    );
  });

  test('nor an await of a function that a builtin calls as a method of a promise', async () => {
    expectEndedByLeak(
      await runSource(`${open}
        const vm = require('node:vm');
        const promise = Promise.resolve();
        const make = vm.runInThisContext('(enter) => async () => { enter(); await null; }', {
          filename: 'node:internal/promise_hooks',
        });
        promise.then = make(() => alice.impersonate());
        setImmediate(() => { promise.catch(() => {}); print('went on as ' + who()); });`),
    );
  });
});
