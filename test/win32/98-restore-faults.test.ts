import { runSource, type ChildResult } from '../support/children/child';

const open = `const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const alice = await world.alice.token();
  const bob = await world.bob.token();
  const fail = (span = {}) => { seam().failImport('impersonate.node', 'SetThreadToken', { error: 5, times: Infinity, ...span }); };
  process.on('exit', () => { say('exit handler'); });
  process.on('uncaughtException', () => { say('handler'); });`;

/** The process ended on the spot, saying why, and nothing ran after "ready". */
function expectAborted({ code, signal, stdout, stderr }: ChildResult): void {
  expect(stdout.trim()).toBe('ready');
  expect(stderr).toMatch(/^impersonate: .*SetThreadToken failed: ERROR_ACCESS_DENIED/m);
  expect(signal ?? code).not.toBe(0);
  expect(code).not.toBe(70);
}

describe('a restore that fails aborts the process', () => {
  test.each([
    [
      'runSync',
      "try { alice.runSync(() => { fail(); say('ready'); }); } catch { say('caught'); } finally { say('finally'); }",
    ],
    [
      'a function that throws',
      "try { alice.runSync(() => { fail(); say('ready'); throw new Error('mine'); }); } catch { say('caught'); }",
    ],
    [
      'a scope',
      "const scope = alice.impersonate(); fail(); say('ready'); try { scope.revert(); } catch { say('caught'); }",
    ],
    [
      'an inner scope',
      "alice.runSync(() => { try { bob.runSync(() => { fail({ times: 1 }); say('ready'); }); } catch { say('caught'); } say('went on'); });",
    ],
    ['process.exit', "alice.runSync(() => { fail(); say('ready'); process.exit(0); });"],
    ['a leak', "alice.impersonate(); fail(); say('ready'); await null;"],
  ])('of %s', async (_what, body) => {
    expectAborted(await runSource(`${open} ${body} say('went on');`));
  });
});
