import { type ProgramLogon, spawnWithLogon } from 'impersonate';
import { caught } from '../support/errors';

const isWindows = process.platform === 'win32';
const password = 'a secret of the test';
const logon: ProgramLogon = { user: 'nobody-at-all', password };

describe('an argument of spawnWithLogon', () => {
  test.each<[string, unknown, string, string]>([
    ['no object', 'alice', 'ERR_INVALID_ARG_TYPE', 'logon'],
    ['an unknown option', { ...logon, profile: true }, 'ERR_INVALID_ARG_VALUE', 'logon.profile'],
    ['no user', { password }, 'ERR_INVALID_ARG_TYPE', 'logon.user'],
    ['an empty user', { ...logon, user: '' }, 'ERR_INVALID_ARG_VALUE', 'logon.user'],
    ['a user with a null byte', { ...logon, user: 'a\0b' }, 'ERR_INVALID_ARG_VALUE', 'logon.user'],
    ['a user of two domains', { ...logon, user: 'a\\b\\c' }, 'ERR_INVALID_ARG_VALUE', 'logon.user'],
    ['two domains', { ...logon, user: 'a@b', domain: 'c' }, 'ERR_INVALID_ARG_VALUE', 'logon.domain'],
    ['a wrong domain', { ...logon, domain: 1 }, 'ERR_INVALID_ARG_TYPE', 'logon.domain'],
    ['no password', { user: 'alice' }, 'ERR_INVALID_ARG_TYPE', 'logon.password'],
    [
      'a password with a null byte',
      { ...logon, password: `${password}\0` },
      'ERR_INVALID_ARG_VALUE',
      'logon.password',
    ],
    [
      'a password that is not UTF-8',
      { ...logon, password: Uint8Array.of(0xff) },
      'ERR_INVALID_ARG_VALUE',
      'logon.password',
    ],
    ['a wrong flag', { ...logon, netOnly: 1 }, 'ERR_INVALID_ARG_TYPE', 'logon.netOnly'],
  ])('%s is named', (_name, given, code, argument) => {
    const error = caught(() => spawnWithLogon(given as ProgramLogon, 'whoami'));
    expect(error).toMatchObject({ name: 'TypeError', code });
    expect(error).toMatchObject({ message: expect.stringContaining(`"${argument}"`) as string });
    expect(String((error as unknown as Error).stack)).not.toContain(password);
  });

  test('that is wrong for the program is named as by node', () => {
    const start =
      (...given: unknown[]): (() => unknown) =>
      () =>
        Reflect.apply(spawnWithLogon, undefined, [logon, ...given]) as unknown;
    const unavailable = { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' };
    const wrong = (code: string): object => (isWindows ? { code } : unavailable);
    expect(caught(start())).toMatchObject(wrong('ERR_INVALID_ARG_TYPE'));
    expect(caught(start('whoami', [], { cwd: 1 }))).toMatchObject(wrong('ERR_INVALID_ARG_TYPE'));
    expect(caught(start('whoami', ['a\0b']))).toMatchObject(wrong('ERR_INVALID_ARG_VALUE'));
    expect(caught(start('whoami', [], { uid: 1 }))).toMatchObject(wrong('ERR_NOT_ROUTED'));
  });
});

if (!isWindows) {
  test('spawnWithLogon names what to use on Linux', () => {
    expect(caught(() => spawnWithLogon(logon, 'id'))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      message: expect.stringContaining('Token.logon()') as string,
    });
  });
}
