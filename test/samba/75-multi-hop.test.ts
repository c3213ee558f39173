import { execFileSync } from 'node:child_process';
import { logOn, passwordOf } from './clients';
import {
  backEndUrl,
  clockOf,
  endPrograms,
  hostOf,
  request,
  startBackEnd,
  startPortal,
  type Hop,
  type Portal,
} from './hops';

const alice = 'imp-alice';
const backEnd = ['fetched', backEndUrl];
/** What the back end responds with. */
const asAlice = { user: alice, groups: [alice, 'imp-staff'] };
const target = 'HTTP/backend.impersonate.test';
/** Alice's SID in the directory. */
function sidOfAlice(): string | undefined {
  const args = ['user', 'show', alice, '--attributes=objectSid'];
  return /^objectSid: (.*)$/m.exec(execFileSync('samba-tool', args, { encoding: 'utf8' }))?.[1] ?? 'unknown';
}
/** The SID of the owner of a file of the share, by its access control list. */
function ownerOnShare(file: string): string | undefined {
  const login = `--user=${alice}%${passwordOf(alice)}`;
  const args = ['//dc.impersonate.test/share', file, '--numeric', login];
  return /^OWNER:(.*)$/m.exec(execFileSync('smbcacls', args, { encoding: 'utf8' }))?.[1];
}
const ticketFor = (target: string): string[] => ['ticket', target];
const refused = (code: string): object => ({ error: { code, syscall: 'gss_init_sec_context' } });

async function start(name: Portal, env?: NodeJS.ProcessEnv): Promise<void> {
  await startPortal(name, env);
}
afterEach(endPrograms);
beforeAll(() => {
  for (const user of [alice, 'imp-bob', 'imp-sensitive', 'imp-protected'] as const) logOn(user);
  logOn(alice, 'not-forwardable', '-F');
});
beforeEach(async () => {
  await startBackEnd();
});

describe.each(['classic', 'resource', 'transition', 'resource-transition'] as const)('%s', (name) => {
  test('the user of the browser is the user at each back end', async () => {
    await start(name);
    const user = { user: alice, delegation: 'constrained' };
    expect(await request(name, alice, backEnd)).toEqual({ ...user, result: asAlice });
    expect(await request(name, alice, ['query', alice])).toEqual({ ...user, result: alice });
    const { result } = (await request(name, alice, ['share', name])) as Hop;
    expect(result).toMatch(/Default principal: imp-alice@IMPERSONATE\.TEST\n[^]* *putting file/);
    expect(result).not.toContain('krbtgt');
    expect(ownerOnShare(name)).toBe(sidOfAlice());
  });

  test('the database does not accept one user as another', async () => {
    await start(name);
    expect(await request(name, 'imp-bob', ['query', alice])).toMatchObject({
      user: 'imp-bob',
      error: { code: '28000' },
    });
  });
});

describe.each(['transition', 'resource-transition'] as const)('%s, without a ticket of the user', (name) => {
  test('the named user is the user at each back end', async () => {
    await start(name);
    const user = { user: alice, delegation: 'transition' };
    expect(await request(name, 'nobody', ['as', alice, ...backEnd])).toEqual({ ...user, result: asAlice });
    expect(await request(name, 'nobody', ['as', alice, 'query', alice])).toEqual({ ...user, result: alice });
    await request(name, 'nobody', ['as', alice, 'share', `${name}-as`]);
    expect(ownerOnShare(`${name}-as`)).toBe(sidOfAlice());
  });

  test('a user who cannot be delegated is refused', async () => {
    await start(name);
    const hop = await request(name, 'nobody', ['as', 'imp-sensitive', ...backEnd]);
    expect(hop).toMatchObject(refused('KRB5KDC_ERR_BADOPTION'));
  });
});

test('the user goes on from portal to portal to the database', async () => {
  await start('resource');
  await start('classic', { PORT: '8083' });
  const next = `http://${hostOf('classic')}:8083/query/${alice}`;
  const atClassic = { user: alice, delegation: 'constrained', result: alice };
  expect(await request('resource', alice, ['fetched', next])).toMatchObject({
    user: alice,
    result: atClassic,
  });
  expect(await request('resource', 'imp-sensitive', ['fetched', next])).toMatchObject(
    refused('KRB5KDC_ERR_BADOPTION'),
  );
});

test('requests of two users at the same time do not cross', async () => {
  await start('classic');
  const users = Array.from({ length: 60 }, (_, index) => [alice, 'imp-bob'][index % 2] ?? alice);
  const hops = await Promise.all(
    users.map((user, index) => request('classic', user, index % 3 === 0 ? ['query', user] : backEnd)),
  );
  expect(hops.map((hop) => (hop as Hop).result)).toEqual(
    users.map((user, index) => (index % 3 === 0 ? user : (expect.objectContaining({ user }) as unknown))),
  );
  expect(hops.map((hop) => (hop as Hop).user)).toEqual(users);
});

test('without the options of delegation the portal goes nowhere as its users', async () => {
  await start('transition', { DELEGATION: 'off' });
  const error = {
    code: 'ERR_NOT_DELEGATED',
    message: expect.stringContaining('constrainedDelegation') as string,
  };
  for (const path of [backEnd, ['query', alice], ticketFor(target)]) {
    expect(await request('transition', alice, path)).toMatchObject({
      user: alice,
      error,
    });
    expect(await request('transition', 'nobody', ['as', alice, ...path])).toMatchObject({
      user: alice,
      error,
    });
  }
});

describe('unconstrained delegation', () => {
  test('a user who forwards the ticket-granting ticket is the user at the back end', async () => {
    await start('open');
    expect(await request('open', alice, backEnd, '--delegation', 'always')).toEqual({
      user: alice,
      delegation: 'forwarded',
      result: asAlice,
    });
  });

  test.each(['imp-sensitive', 'imp-protected'] as const)('%s cannot forward it', async (user) => {
    await start('open');
    const hop = await request('open', user, backEnd, '--delegation', 'always');
    expect(hop).toMatchObject({ user, delegation: 'constrained', error: { code: 'KRB5KDC_ERR_BADOPTION' } });
  });
});

describe('the KDC refuses', () => {
  test.each([
    ['classic', 'a target that is not on the list', 'HTTP/elsewhere', alice],
    ['resource', 'a target that does not list the portal', 'HTTP/elsewhere', alice],
    ['plain', 'a portal without any permission', target, alice],
    ['classic', 'a user who cannot be delegated', target, 'imp-sensitive'],
    ['resource', 'a user who cannot be delegated', target, 'imp-sensitive'],
    ['classic', 'a member of Protected Users', target, 'imp-protected'],
    ['resource', 'a member of Protected Users', target, 'imp-protected'],
    ['classic', 'a ticket that is not forwardable', target, 'not-forwardable'],
    ['resource', 'a ticket that is not forwardable', target, 'not-forwardable'],
  ] as const)('%s: %s', async (name, _what, spn, user) => {
    await start(name);
    const hop = await request(name, user, ticketFor(spn));
    expect(hop).toMatchObject(refused('KRB5KDC_ERR_BADOPTION'));
  });

  test.each(['classic', 'resource', 'plain'] as const)('%s: protocol transition', async (name) => {
    await start(name);
    const hop = await request(name, 'nobody', ['as', alice, ...ticketFor(target)]);
    expect(hop).toMatchObject(refused('KRB5KDC_ERR_BADOPTION'));
  });

  test('a service principal name that no account has', async () => {
    await start('classic');
    expect(await request('classic', alice, ticketFor(`HTTP/${hostOf('nowhere')}`))).toMatchObject(
      refused('KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN'),
    );
  });
});

test('protocol transition does not reach a user that the directory does not know', async () => {
  await start('transition');
  const error = { code: 'KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN', syscall: 'gss_acquire_cred_impersonate_name' };
  expect(await request('transition', 'nobody', ['as', 'nobody', ...backEnd])).toMatchObject({ error });
});

describe('clocks, keys and expired tickets', () => {
  test.each([
    ['+4m', { result: 'a message' }],
    ['+10m', refused('KRB5KRB_AP_ERR_SKEW')],
    ['-10m', refused('KRB5KRB_AP_ERR_SKEW')],
    ['+11h', refused('KRB5KRB_AP_ERR_TKT_EXPIRED')],
  ])('the portal has accepted the user before its clock is set: %s', async (difference, outcome) => {
    await start('classic', clockOf('+0'));
    const hop = await request('classic', alice, ['ticketAt', `${difference} ${target}`]);
    expect(hop).toMatchObject({ user: alice, ...outcome });
  });

  test.each(['+10m', '-10m'])('a portal whose clock is wrong accepts no client: %s', async (difference) => {
    await start('classic', clockOf(difference));
    expect(await request('classic', alice, backEnd)).toBe('401');
    expect(await request('classic', alice, ['error'])).toMatchObject({
      error: { code: 'ERR_HANDSHAKE_REFUSED', syscall: 'gss_accept_sec_context' },
    });
  });

  test.each([
    ['without a keytab', '/run/keytabs/absent', 'Keytab'],
    ['with the keytab of another service', '/run/keytabs/portal-resource', 'not found in keytab'],
  ])('a portal %s accepts no client, and says why', async (_what, KEYTAB, reason) => {
    await start('classic', { KEYTAB });
    expect(await request('classic', alice, backEnd)).toBe('401');
    expect(await request('classic', alice, ['error'])).toMatchObject({
      error: { code: 'ERR_HANDSHAKE_REFUSED', message: expect.stringContaining(reason) as string },
    });
  });

  test('protocol transition without a keytab', async () => {
    await start('transition', { KEYTAB: '/run/keytabs/absent' });
    const hop = await request('transition', 'nobody', ['as', alice, ...backEnd]);
    expect(hop).toMatchObject({ user: alice, error: { syscall: 'gss_acquire_cred_from' } });
  });

  test.each([
    ['key', { KEYTAB: '/run/keytabs/database' }],
    ['clock', clockOf('+10m')],
  ])('a back end with a wrong %s rejects the user', async (_what, env) => {
    await startBackEnd({ PORT: '8082', ...env });
    await start('classic');
    const hop = await request('classic', alice, ['fetched', backEndUrl.replace('8081', '8082')]);
    expect(hop).toMatchObject({ user: alice, result: 401 });
  });
});
