import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Token, type LogonOptions } from 'impersonate';
import { linesOf } from '../support/children/child';
import { rejected } from '../support/errors';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';
import { world } from '../support/world/linux';

const unavailable = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';

test.each<[string, Partial<LogonOptions>]>([
  ['a domain', { domain: 'EXAMPLE' }],
  ['a type', { type: 'network' }],
  ['a provider', { provider: 'default' }],
])('%s is a Windows option', async (_what, changes) => {
  expect(await rejected(Token.logon(world.alice.logon(changes)))).toMatchObject({ code: unavailable });
});

test.each<[unknown]>([
  ['../passwd'],
  ['/etc/pam.d/login'],
  ['a/b'],
  ['.'],
  ['..'],
  [''],
  ['a\0b'],
  [5],
  [null],
])('the service %p is an argument error', async (service) => {
  const error = await rejected(Token.logon(world.alice.logon({ service: service as string })));
  expect(error.name).toBe('TypeError');
  expect(error.message).toContain('"options.service"');
});

test('a system without PAM gets an error that names what is missing', async () => {
  const folder = tempFolder('no-pam');
  writeFileSync(join(folder, 'libpam.so.0'), 'not a library');
  const lines = await linesOf(
    `for (let n = 0; n < 2; n++)
       await Token.logon({ user: 'root', password: 'x' }).catch((error) => print(error.code + ' ' + error.message));`,
    { env: { LD_LIBRARY_PATH: folder } },
  );
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/^ERR_FEATURE_UNAVAILABLE_ON_PLATFORM .*libpam0g/);
});

test('PAM is not loaded before the first logon', async () => {
  const loaded = `require('node:fs').readFileSync('/proc/self/maps', 'utf8').includes('libpam.so')`;
  expect(await linesOf(`Token.process().close(); print(String(${loaded}));`)).toEqual(['false']);
});

describeSwitching('PAM', () => {
  const { password } = world.bob;
  const attempt = (changes: Partial<LogonOptions>): Promise<unknown> =>
    rejected(Token.logon(world.bob.logon(changes)));

  test.each<[string, Partial<LogonOptions>, string, number, string]>([
    ['a wrong password', { password: 'x' }, 'PAM_AUTH_ERR', 7, 'pam_authenticate'],
    ['an unknown user', { user: 'imp-nobody' }, 'PAM_AUTH_ERR', 7, 'pam_authenticate'],
    ['a locked password', { user: 'imp-locked' }, 'PAM_AUTH_ERR', 7, 'pam_authenticate'],
    ['an empty password', { password: '' }, 'PAM_AUTH_ERR', 7, 'pam_authenticate'],
    ['an account without one', { user: 'imp-open', password: '' }, 'PAM_AUTH_ERR', 7, 'pam_authenticate'],
    ['an expired account', { user: 'imp-expired' }, 'PAM_ACCT_EXPIRED', 13, 'pam_acct_mgmt'],
    ['an expired password', { user: 'imp-outdated' }, 'PAM_NEW_AUTHTOK_REQD', 12, 'pam_acct_mgmt'],
    ['too many attempts', { service: 'impersonate-tries' }, 'PAM_MAXTRIES', 11, 'pam_authenticate'],
    ['an account that may not', { service: 'impersonate-denied' }, 'PAM_PERM_DENIED', 6, 'pam_acct_mgmt'],
  ])('%s is rejected', async (_what, changes, code, errno, syscall) => {
    const count = Token.count;
    expect(await attempt(changes)).toMatchObject({ name: 'ImpersonationError', code, errno, syscall });
    expect(Token.count).toBe(count);
  });

  test('an expired account with a wrong password gets the error of a wrong password', async () => {
    const expired = await attempt({ user: 'imp-expired', password: 'x' });
    expect(expired).toEqual(await attempt({ user: 'imp-nobody', password: 'x' }));
  });

  test('a service without rules of its own uses those of `other`', async () => {
    writeFileSync('/etc/pam.d/other', 'auth required pam_deny.so\naccount required pam_deny.so\n');
    expect(await attempt({ service: 'impersonate-missing' })).toMatchObject({ code: 'PAM_AUTH_ERR' });
  });

  test('a failed logon is delayed, and no other work waits', async () => {
    let over = false;
    const wrong = attempt({ service: 'impersonate-slow', password: 'x' }).finally(() => (over = true));
    for (let n = 0; n < 5; n++) (await Token.logon(world.alice.logon())).close();
    readFileSync('/etc/passwd');
    expect(over).toBe(false);
    expect(await wrong).toMatchObject({ code: 'PAM_AUTH_ERR' });
  });

  test('a token from a password equals the token by name', async () => {
    using token = await Token.logon(world.bob.logon());
    using named = await Token.forUser(world.bob.name);
    expect(token.equals(named)).toBe(true);
    expect(token.groups.map(({ gid }) => gid).sort()).toEqual([...world.bob.groups].sort());
    expect(password).not.toBe('');
  });
});
