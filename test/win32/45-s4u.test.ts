import { Token, type ForUserOptions } from 'impersonate';
import { expectActingAs, expectActingAsService } from '../support/world/acting';
import { linesOf } from '../support/children/child';
import { rejected } from '../support/errors';
import { until } from '../support/children/progress';
import { seam, type TestUser } from '../support/win32/seam';
import { domain, world } from '../support/world/win32';

type Source = ForUserOptions['source'];

const computer = String(process.env.COMPUTERNAME);
const errors = { disabled: 1331, locked: 1909, passwordExpired: 1330, expired: 1793, atNight: 1328 };
const localSid = `${world.alice.id}9`;
const password = 'not needed';

const users: TestUser[] = [
  { name: 'carol', domain: '.', password, sid: localSid },
  ...Object.entries(errors).flatMap(([name, error], index) =>
    [domain, '.'].map((of) => ({ name, domain: of, password, sid: `${localSid}${String(index)}`, error })),
  ),
  // The directory gives mallory the UPN that dave would have.
  { name: 'dave', domain, password, sid: `${localSid}70`, dns: 'OTHER' },
  { name: 'dave', domain: 'OTHER', password, sid: `${localSid}71` },
  { name: 'erin', domain, password, sid: `${localSid}72`, dns: 'd'.repeat(0x8000) },
];

beforeAll(() => {
  for (const user of users) seam().defineUser(user);
});
beforeEach(() => {
  seam().takeAuthorityRecords();
});
afterEach(() => {
  expect(seam().outstanding()).toMatchObject({ lsaConnections: 0, lsaBuffers: 0 });
});

const calls = (): string[] =>
  seam()
    .takeAuthorityRecords()
    .map((record) => record.function);

describe('a user by every form of name', () => {
  test.each<[string, Source, string]>([
    [`alice@${domain}`, undefined, world.alice.id],
    [`alice@${domain}`, 'auto', world.alice.id],
    [`ALICE@${domain.toLowerCase()}`, 'kerberos', world.alice.id],
    [`${domain}\\alice`, 'auto', world.alice.id],
    [`${domain}\\bob`, 'kerberos', world.bob.id],
    ['carol', 'auto', localSid],
    ['carol', 'local', localSid],
    ['.\\carol', 'auto', localSid],
    ['.\\carol', 'local', localSid],
    [`${computer}\\carol`, 'auto', localSid],
    [`${computer.toLowerCase()}\\Carol`, 'local', localSid],
    [`carol@${computer}`, 'auto', localSid],
  ])('%s from %s', async (name, source, sid) => {
    using token = await Token.forUser(name, source && { source });
    expect(token.user.id).toBe(sid);
    expect(token.level).toBe('impersonation');
    expect(token.groups.map(({ id }) => id)).toContain('S-1-5-2');
    expect(calls()).toContain('LsaRegisterLogonProcess');
  });

  test.each<[string, Source]>([
    ['no-such-user', 'auto'],
    [`no-such-user@${domain}`, 'auto'],
    [`${domain}\\no-such-user`, 'auto'],
    ['NOWHERE\\alice', 'auto'],
    ['alice@NOWHERE', 'kerberos'],
    // The error of the other package.
    [`${domain}\\alice`, 'local'],
    [`alice@${domain}`, 'local'],
    ['alice', 'auto'],
  ])('%s from %s is unknown', async (name, source) => {
    const error = await rejected(Token.forUser(name, source && { source }));
    expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_UNKNOWN_USER' });
    expect(error.syscall).toMatch(/^(LsaLogonUser|LookupAccountNameW)$/);
    expect(error.message).toContain(name);
  });

  test.each(['\\alice', `${domain}\\`, '@SEAM', 'alice@', 'A\\B\\c', '\\', '@'])(
    '%s is an invalid name',
    async (name) => {
      const error = await rejected(Token.forUser(name));
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
      expect(calls()).toEqual([]);
    },
  );

  test.each(['carol', '.\\carol', `${computer}\\carol`, `carol@${computer}`])(
    '%s has no domain for Kerberos',
    async (name) => {
      const error = await rejected(Token.forUser(name, { source: 'kerberos' }));
      expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
      expect(calls()).toEqual([]);
    },
  );

  test('of more characters than a request holds is rejected', async () => {
    const error = await rejected(Token.forUser(`${'a'.repeat(40_000)}@${domain}`));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  });

  test("is not truncated if the directory's name for it is too long", async () => {
    expect(await rejected(Token.forUser(`${domain}\\erin`))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERROR_INVALID_ACCOUNT_NAME',
    });
    expect(calls()).not.toContain('LsaLogonUser');
  });

  test('is not replaced by another user that the directory returns', async () => {
    expect(await rejected(Token.forUser(`${domain}\\dave`))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_IMPERSONATION_MISMATCH',
    });
  });
});

describe('an account that may not log on', () => {
  test.each([
    ['disabled', 'ERROR_ACCOUNT_DISABLED'],
    ['locked', 'ERROR_ACCOUNT_LOCKED_OUT'],
    ['passwordExpired', 'ERROR_PASSWORD_EXPIRED'],
    ['expired', 'ERROR_ACCOUNT_EXPIRED'],
    ['atNight', 'ERROR_INVALID_LOGON_HOURS'],
  ] as const)('is refused: %s', async (name, code) => {
    for (const form of [name, `${domain}\\${name}`, `${name}@${domain}`]) {
      const error = await rejected(Token.forUser(form));
      expect(error).toMatchObject({ code, errno: errors[name], syscall: 'LsaLogonUser' });
    }
  });
});

describe('the call', () => {
  test('is made as the process on a separate thread, and changes neither', async () => {
    using alice = await world.alice.token();
    using self = Token.process();
    const pending: Promise<Token>[] = [];
    alice.runSync(() => {
      pending.push(Token.forUser(`${domain}\\bob`));
      expectActingAs(world.alice);
    });
    expectActingAsService();
    using bob = await (pending[0] as Promise<Token>);
    bob.runSync(() => {
      expectActingAs(world.bob);
    });
    const records = seam().takeAuthorityRecords();
    expect(records.map((record) => record.function)).toEqual([
      'LookupAccountNameW',
      'TranslateNameW',
      'LsaRegisterLogonProcess',
      'LsaLogonUser',
    ]);
    for (const record of records) expect(record).toMatchObject({ sid: world.serviceId, main: false });
    using after = Token.process();
    expect(after.privileges).toEqual(self.privileges);
    expect(after.privileges).toContainEqual({ name: 'SeTcbPrivilege', enabled: false });
  });

  test('goes on after an abort has rejected, and leaves nothing', async () => {
    const count = Token.count;
    const reason = new Error('enough');
    const controller = new AbortController();
    const pending = Token.forUser('carol', { signal: controller.signal });
    controller.abort(reason);
    expect(await rejected(pending)).toBe(reason);
    expect(await rejected(Token.forUser('carol', { signal: AbortSignal.abort(reason) }))).toBe(reason);
    let calls = 0;
    await until(() => (calls += seam().takeAuthorityRecords().length) >= 2);
    // The pool thread closes its connection last.
    await until(() => Token.count <= count && seam().outstanding().lsaConnections === 0);
    expect(Token.count).toBe(count);
  });
});

// The process's token is what it was when the package was loaded.
const untrusted = `
  const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const spec = { user: ${JSON.stringify(world.serviceId)}, groups: [{ sid: 'S-1-1-0' }, { sid: 'S-1-5-32-544' }],
    privileges: ['SeChangeNotifyPrivilege'], type: 'primary', level: 'impersonation' };
  seam().setProcessToken(seam().mint(spec));
  const { Token, runAs, runSync } = require(${JSON.stringify(require.resolve('impersonate'))});
  const impersonateFs = require(${JSON.stringify(require.resolve('../../dist/fs'))});
  const { world } = require(${JSON.stringify(require.resolve('../support/world/win32'))});
`;

test('an untrusted process gets a token of identification level, and an error that names the remedy', async () => {
  const lines = await linesOf(
    `${untrusted}
    (async () => {
      seam().takeAuthorityRecords();
      const token = await Token.forUser('${domain}\\\\alice');
      const calls = seam().takeAuthorityRecords().map((record) => record.function);
      console.log(calls.includes('LsaConnectUntrusted'), calls.includes('LsaRegisterLogonProcess'));
      console.log(token.level, token.user.id === world.alice.id);
      const refusal = (act) => { try { act(); return 'done'; } catch (error) { return error.code + error.message.includes('SeTcbPrivilege'); } };
      console.log(refusal(() => token.runSync(() => 1)));
      console.log(refusal(() => token.impersonate().revert()));
      console.log(refusal(() => token.run(() => impersonateFs.stat('.'))));
      console.log(await runAs('${domain}\\\\alice', () => 1).catch((error) => error.code + error.message.includes('SeTcbPrivilege')));
      const { lsaConnections, lsaBuffers } = seam().outstanding();
      console.log(lsaConnections, lsaBuffers);
      token.close();
    })();`,
    {},
    'bare',
  );
  const refused = 'ERR_TOKEN_LEVELtrue';
  expect(lines).toEqual(['true false', 'identification true', refused, refused, refused, refused, '0 0']);
});

test('names a wrong argument', async () => {
  for (const [options, argument] of [
    [{ source: 'ntlm' }, 'options.source'],
    [{ source: 'toString' }, 'options.source'],
    [{ signal: 'now' }, 'options.signal'],
    [{ origin: 'auto' }, 'options.origin'],
    [null, 'options'],
  ] as const) {
    const error = await rejected(Token.forUser('carol', options as never));
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain(`"${argument}"`);
  }
  expect(calls()).toEqual([]);
});
