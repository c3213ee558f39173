import { join } from 'node:path';
import type { Capability, CapabilityName, Diagnosis, WindowsFacts } from 'impersonate';
import { type ChildOptions, linesOf } from '../support/children/child';
import { root } from '../support/paths';
import { seam } from '../support/win32/seam';
import { world } from '../support/world/win32';

const all = [
  ...[
    'SeImpersonatePrivilege',
    'SeTcbPrivilege',
    'SeAssignPrimaryTokenPrivilege',
    'SeIncreaseQuotaPrivilege',
  ],
  ...['SeBackupPrivilege', 'SeRestorePrivilege', 'SeDebugPrivilege'],
];
const product = JSON.stringify(require.resolve('impersonate'));
const core = JSON.stringify(join(root, 'dist', 'core.js'));

/** The diagnosis of a process whose token has these privileges. */
async function diagnosis(
  privileges: readonly string[],
  { before = '', ...options }: ChildOptions & { readonly before?: string } = {},
): Promise<Diagnosis & { readonly canImpersonate: boolean; readonly facts: WindowsFacts }> {
  const source = `
    const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
    const spec = { user: ${JSON.stringify(world.serviceId)}, groups: [{ sid: 'S-1-1-0' }, { sid: 'S-1-5-32-544' }],
      privileges: ${JSON.stringify(['SeChangeNotifyPrivilege', ...privileges])}, type: 'primary', level: 'impersonation' };
    seam().setProcessToken(seam().mint(spec));
    const { Token, doctor } = require(${product});
    require(${JSON.stringify(require.resolve('../support/world/win32'))});
    ${before}
    doctor().then((found) => console.log(JSON.stringify({ ...found, canImpersonate: Token.canImpersonate() })));`;
  const [line = ''] = await linesOf(source, options, 'bare');
  return JSON.parse(line) as Awaited<ReturnType<typeof diagnosis>>;
}

const find = ({ capabilities }: Diagnosis, name: CapabilityName): Capability =>
  capabilities.find((one) => one.name === name) as Capability;
const named = (text = ''): string[] => text.match(/Se\w+Privilege/g) ?? [];
const without = (...names: readonly string[]): string[] => all.filter((name) => !names.includes(name));
const iis = { env: { ASPNETCORE_TOKEN: 'pairing' } };

test('with every privilege the process can do everything, in a child of IIS', async () => {
  const found = await diagnosis(all, iis);
  expect(found.capabilities.filter(({ can }) => !can)).toEqual([]);
  expect(find(found, 's4u').level).toBe('impersonation');
  expect(found.canImpersonate).toBe(true);
  expect(found.facts).toMatchObject({
    port: 'win32',
    account: { kind: 'user', id: world.serviceId },
    privileges: Object.fromEntries(all.map((name) => [name, 'enabled'])),
    startedByIis: true,
  });
  expect(found.facts.spnQuery).toMatch(/^setspn\.exe -L "\S+"$/);
  expect(Number.isInteger(found.facts.session)).toBe(true);
});

test.each<[string, readonly CapabilityName[], string]>([
  [
    'SeImpersonatePrivilege',
    ['scopes', 's4u', 'peers', 'iis', 'negotiate-accept'],
    'Impersonate a client after authentication',
  ],
  ['SeTcbPrivilege', ['s4u'], 'Act as part of the operating system'],
  ['SeBackupPrivilege', ['profiles'], 'Back up files and directories'],
  ['SeRestorePrivilege', ['profiles'], 'Restore files and directories'],
  ['SeAssignPrimaryTokenPrivilege', [], ''],
  ['SeIncreaseQuotaPrivilege', [], ''],
  ['SeDebugPrivilege', [], ''],
])('without %s it names what is missing, and the advice mends it', async (name, missing, right) => {
  const found = await diagnosis(without(name), iis);
  expect(found.facts.privileges[name]).toBe('missing');
  const refused = found.capabilities.filter(({ can }) => !can);
  expect(refused.map((one) => one.name)).toEqual(missing);
  expect(found.canImpersonate).toBe(!missing.includes('scopes'));
  for (const { because, fix } of refused) {
    expect(because).toBe(`the process does not hold ${name}`);
    expect(fix).toContain(`"${right}"`);
    expect(fix).toContain('sc.exe qprivs');
  }
  const mended = await diagnosis([...without(name), ...named(refused[0]?.because)], iis);
  expect(mended.capabilities.filter(({ can, name }) => !can && missing.includes(name))).toEqual([]);
});

test('programs need two privileges, or that to impersonate', async () => {
  const both = ['SeAssignPrimaryTokenPrivilege', 'SeIncreaseQuotaPrivilege'];
  const found = find(await diagnosis(without('SeImpersonatePrivilege', ...both)), 'processes');
  expect(found).toMatchObject({ can: false, because: `the process does not hold ${both.join(' and ')}` });
  expect(found.fix).toContain('"Replace a process level token" and "Adjust memory quotas for a process"');
  for (const privileges of [named(found.because), ['SeImpersonatePrivilege']]) {
    expect(find(await diagnosis(privileges), 'processes')).toMatchObject({ can: true });
  }
  expect(find(await diagnosis(both.slice(1)), 'processes')).toMatchObject({
    can: false,
    because: 'the process does not hold SeAssignPrimaryTokenPrivilege',
  });
});

test('an ordinary process can log users on by their password, and gets tokens by name for inspection', async () => {
  const found = await diagnosis([]);
  expect(found.capabilities.filter(({ can }) => can).map(({ name }) => name)).toEqual(['logon']);
  expect(find(found, 's4u').level).toBe('identification');
  expect(found.canImpersonate).toBe(false);
});

test('a privilege that is held and disabled is not enough to impersonate, and enough for what enables it', async () => {
  const before = `const { native } = require(${core});
    const { describeProcess } = native;
    native.describeProcess = () => { const found = describeProcess(); return { ...found, privileges: found.privileges.map(({ name }) => ({ name, enabled: false })) }; };`;
  const found = await diagnosis(all, { ...iis, before });
  expect(find(found, 'scopes')).toMatchObject({
    can: false,
    because: 'the process holds SeImpersonatePrivilege, and it is disabled',
  });
  expect(found.canImpersonate).toBe(false);
  for (const name of ['processes', 'profiles', 'logon'] as const) expect(find(found, name).can).toBe(true);
});

test('outside of IIS it says what starts the process there', async () => {
  const found = find(await diagnosis(all, { env: { ASPNETCORE_TOKEN: undefined } }), 'iis');
  expect(found.because).toContain('ASPNETCORE_TOKEN');
  expect(found.fix).toContain('forwardWindowsAuthToken="true"');
});

test('an account without credentials cannot authenticate clients', async () => {
  const before = `seam().failImport('impersonate.node', 'AcquireCredentialsHandleW', { error: 0, returns: -2146893042 });`;
  const found = find(await diagnosis(all, { ...iis, before }), 'negotiate-accept');
  expect(found).toMatchObject({
    can: false,
    because: expect.stringContaining('SEC_E_NO_CREDENTIALS') as string,
  });
  expect(found.because).not.toContain('npx impersonate');
  expect(found.fix).toContain('domain account');
  expect(seam().outstanding().credentials).toBe(0);
});
