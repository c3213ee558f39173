import { linesOf } from '../support/children/child';
import { product } from '../support/paths';

const open = `const { initializeComSecurity } = require(${JSON.stringify(product)});
  const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const attempt = (options) => { try { initializeComSecurity(options); return 'done'; } catch (error) { return [error.name, error.code, error.errno, error.syscall, error.message].join(' '); } };
  const given = () => Object.values(seam().takeComCall()).join();`;
const [tooLate, noMemory, other] = ['0x80010119', '0x8007000E', '0x80040155'];

// The order of a record: made, plain, asUser, authentication, level, capabilities, uses.
const [staticCloaking, dynamicCloaking] = ['32', '64'];

describe('the security of COM', () => {
  test('is set with what was given, as the process, and COM stays initialized', async () => {
    const lines = await linesOf(`${open}
      seam().patchCom('impersonate.node', 0);
      print(attempt({ cloaking: 'dynamic' }) + ' ' + given());
      const alice = await world.alice.token();
      seam().patchCom('impersonate.node', ${tooLate} | 0);
      print(String(alice.runSync(() => attempt({ cloaking: 'static', level: 'delegation', authentication: 'packet' })).slice(0, 33)) + ' ' + given());
      print(String(alice.runSync(() => world.whoAmI()) === world.alice.id) + ' ' + (world.whoAmI() === world.serviceId));`);
    expect(lines).toEqual([
      `done true,true,false,6,3,${dynamicCloaking},1`,
      // The second call initializes COM once more, and undoes that.
      `ImpersonationError RPC_E_TOO_LATE true,false,false,4,4,${staticCloaking},1`,
      'true true',
    ]);
  });

  test.each([
    ['identification', 'connect', 2, 2],
    ['impersonation', 'call', 3, 3],
    ['delegation', 'integrity', 4, 5],
    ['impersonation', 'privacy', 3, 6],
  ])('has the level %s and the authentication %s', async (level, authentication, first, second) => {
    const lines = await linesOf(`${open}
      seam().patchCom('impersonate.node', 0);
      print(attempt({ cloaking: 'static', level: '${level}', authentication: '${authentication}' }));
      print(given());`);
    expect(lines).toEqual(['done', `true,true,false,${String(second)},${String(first)},${staticCloaking},1`]);
  });

  test('that has been set already is an error with a remedy', async () => {
    const lines = await linesOf(`${open}
      seam().patchCom('impersonate.node', ${tooLate} | 0);
      print(attempt({ cloaking: 'dynamic' }));
      print(String(seam().takeComCall().uses));`);
    expect(lines[0]).toMatch(
      /^ImpersonationError RPC_E_TOO_LATE -2147417831 CoInitializeSecurity .*\(0x80010119\).*before modules that use COM.*CoSetProxyBlanket/,
    );
    expect(lines[1]).toBe('0');
  });

  test.each([
    [noMemory, 'E_OUTOFMEMORY'],
    [other, `E_${other}`],
  ])('that cannot be set is an error: %s', async (result, code) => {
    const lines = await linesOf(`${open}
      seam().patchCom('impersonate.node', ${result} | 0);
      print(attempt({ cloaking: 'dynamic' }).split(' ').slice(0, 2).join(' '));
      print(String(seam().takeComCall().uses));`);
    expect(lines).toEqual([`ImpersonationError ${code}`, '0']);
  });

  test('does not load COM before it is set', async () => {
    const lines = await linesOf(`${open}
      print(String(seam().imports('impersonate.node').some((name) => /^(?:ole32|combase)\\.dll!/i.test(name))));
      // Of Wine, which has no more than the calls.
      print(attempt({ cloaking: 'dynamic' }));`);
    expect(lines).toEqual(['false', 'done']);
  });
});
