import { linesOf, runSource, writeSource } from '../support/children/child';
import { usersSource } from '../support/children/sources';
import { describeSwitching } from '../support/world/acting';

const quiet = '--disable-warning=ExperimentalWarning';

/** Node's arguments of programs in which the package cannot set properties of Error, and what they do after loading. */
const programs: readonly [name: string, () => string[], after: string][] = [
  ['node --frozen-intrinsics', () => ['--frozen-intrinsics', quiet], ''],
  [
    'an Error that is frozen before the package is loaded',
    () => ['--require', writeSource('bare', 'Object.freeze(Error); Object.freeze(Error.prototype);')],
    '',
  ],
  ['an Error that is frozen later', () => [], 'Object.freeze(Error);'],
  [
    'an Error with a formatter, that is frozen later',
    () => [],
    'Error.prepareStackTrace = () => 0; Object.freeze(Error);',
  ],
  ['another Error', () => [], 'globalThis.Error = class extends Error {};'],
];

describeSwitching('the package', () => {
  describe.each(programs)('in a program with %s', (_name, execArgv, after) => {
    const source = (text: string): string => `${after}
    const who = () => (world.whoAmI() === world.alice.id ? 'alice' : world.whoAmI() === world.serviceId ? 'service' : 'other');
    ${text}`;
    const lines = (name: string, text: string): Promise<string[]> =>
      linesOf(source(`${usersSource(name)}\n${text}`), { execArgv: execArgv() });

    test('a scope switches, allows work that it schedules, and reverts', async () => {
      const printed = await lines(
        'frozen-scope',
        `const { AsyncResource } = require('node:async_hooks');
      print(tokens.alice.runSync(who));
      const scope = tokens.alice.impersonate();
      Promise.resolve().then(() => { print('later ' + who()); });
      print(new AsyncResource('TEST').runInAsyncScope(who));
      scope.revert();
      print(who());`,
      );
      expect(printed).toEqual(['alice', 'alice', 'service', 'later service']);
    });

    test('a flow reads as the user, and loads modules as the process', async () => {
      const printed = await lines(
        'frozen-flow',
        `const module = path.join(folder, 'module.cjs');
      fs.writeFileSync(module, "module.exports = 'loaded'");
      world.own(module, 'service');
      const filename = 'node:internal/modules/cjs/loader';
      globalThis.fs = fs;
      const misnamed = require('node:vm').runInThisContext('(file) => fs.readFileSync(file)', { filename });
      await tokens.alice.run(async () => {
        print(fs.readFileSync(within(alice, 'file'), 'utf8'));
        print(await outcome(() => fs.promises.readFile(within(bob, 'file'))));
        print(await outcome(() => fs.readFileSync(module)));
        print(await outcome(() => misnamed(module)));
        print(require(module));
      });`,
      );
      expect(printed).toEqual(['of alice', 'denied', 'denied', 'denied', 'loaded']);
    });

    test('an error has its code and name', async () => {
      const printed = await lines(
        'frozen-error',
        `tokens.alice.close();
      try { tokens.alice.runSync(who); } catch (error) { print([error.name, error.code, error instanceof ImpersonationError].join(' ')); }
      try { tokens.bob.runSync(1); } catch (error) { print([error.name, error.code].join(' ')); }`,
      );
      expect(printed).toEqual(['ImpersonationError ERR_TOKEN_CLOSED true', 'TypeError ERR_INVALID_ARG_TYPE']);
    });

    test.each([
      ['across an await', '(async () => { token.impersonate(); await null; print(who()); })();'],
      [
        'at the end of a callback',
        "setImmediate(() => { token.impersonate(); process.nextTick(print, 'on'); });",
      ],
    ])('a scope left open %s ends the process', async (_where, leak) => {
      const text = source(`const token = await world.alice.token(); ${leak}`);
      const { code, stdout, stderr } = await runSource(text, { execArgv: execArgv() });
      expect({ code, stdout }).toEqual({ code: 70, stdout: '' });
      expect(stderr).toContain('[ERR_SCOPE_LEAKED]');
    });
  });
});

test.each(['inspector', 'inspector/promises'])(
  'the profiler cannot be enabled by node:%s if the console is frozen, whose profile() could start a thread as a user',
  async (name) => {
    const printed = await linesOf(
      `const { Session } = require('node:${name}');
      const session = new Session();
      session.connect();
      try { await session.post('Profiler.enable'); print('enabled'); } catch (error) { print(error.code); }`,
      { execArgv: ['--frozen-intrinsics', quiet] },
    );
    expect(printed).toEqual(['ERR_FEATURE_UNAVAILABLE_ON_PLATFORM']);
  },
);
