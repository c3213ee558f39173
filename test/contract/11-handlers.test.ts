import { linesOf, runSource } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';

const open =
  'const alice = await world.alice.token(); const who = () => (world.whoAmI() === world.serviceId ? "service" : "user");';

describeSwitching('handlers of the process run as the service', () => {
  test.each(['alice.impersonate();', 'alice.impersonate(); alice.impersonate();'])(
    'uncaughtException: not at all after %s and a throw, which is a leak',
    async (enter) => {
      const { code, stdout, stderr } = await runSource(`${open}
        process.on('uncaughtExceptionMonitor', () => { say('monitor ' + who()); });
        process.on('uncaughtException', () => { say('handler ' + who()); });
        process.on('exit', () => { say('exit ' + who()); });
        setImmediate(() => { ${enter} throw new Error('mine'); });`);
      expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
      expect(stderr).toContain('ERR_SCOPE_LEAKED');
    },
  );

  test('uncaughtException, of what a promise hook throws inside runSync', async () => {
    const lines = await linesOf(`${open}
      process.on('uncaughtException', (error) => { say(error.message + ' ' + who()); });
      const stop = require('node:v8').promiseHooks.onInit(() => { throw new Error('mine'); });
      alice.runSync(() => { new Promise(() => {}); stop(); say('in scope ' + who()); });`);
    expect(lines).toEqual(['mine service', 'in scope user']);
  });

  test('exit, when a scope calls process.exit', async () => {
    const result = await runSource(`${open}
      process.on('exit', () => { say('exit ' + who()); });
      alice.impersonate();
      process.exit(3);`);
    expect(result).toMatchObject({ code: 3, signal: null });
    expect(result.stdout.trim()).toBe('exit service');
  });

  test('exit, when runSync calls process.exit', async () => {
    const result = await runSource(`${open}
      process.on('exit', () => { say('exit ' + who()); });
      alice.runSync(() => { process.exit(4); });`);
    expect(result).toMatchObject({ code: 4, signal: null });
    expect(result.stdout.trim()).toBe('exit service');
  });

  test('handlers that were there before the package was loaded', async () => {
    const path = JSON.stringify(require.resolve('../support/world/world'));
    const result = await runSource(
      `const say = (text) => require('node:fs').writeSync(1, text + '\\n');
       let who = () => 'nobody';
       process.on('uncaughtExceptionMonitor', () => say('monitor ' + who()));
       process.on('exit', () => say('exit ' + who()));
       process.on('uncaughtException', () => { say('handler ' + who()); process.exit(5); });
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
    const lines = await linesOf(`${open}
      process.on('uncaughtException', (error) => { say(error.message + ' ' + who()); });
      setImmediate(() => { alice.runSync(() => { throw new Error('from runSync'); }); });
      setTimeout(() => {
        const scope = alice.impersonate();
        try { throw new Error('from using'); } finally { scope[Symbol.dispose](); }
      }, 20);`);
    expect(lines).toEqual(['from runSync service', 'from using service']);
  });
});
