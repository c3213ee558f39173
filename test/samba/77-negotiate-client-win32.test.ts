import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../support/paths';
import { logOn, ticketsOf } from './clients';
import { portOf, startService, type Service } from './service';

/** What the client does after a message: see windows-client.ts. */
interface Step {
  readonly message?: string;
  readonly done?: boolean;
  readonly code?: string;
  readonly syscall?: string;
}

/** NegotiateClient of the Windows port under Wine, as the user of the tickets. */
class WindowsClient {
  readonly #child: ReturnType<typeof spawn>;
  readonly #url: Promise<string>;

  constructor(user: string) {
    const args = [
      join(root, 'scripts', 'samba', 'windows-server.mjs'),
      process.env.IMPERSONATE_TEST_MAJOR ?? '',
      join(root, 'dist-test', 'samba', 'windows-client.js'),
    ];
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...args], {
      cwd: root,
      env: ticketsOf(user),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#url = portOf(this.#child).then((port) => `http://localhost:${port}`);
  }

  async step(name: string, id: string, target: string, challenge?: string): Promise<Step> {
    const url = `${await this.#url}/step/${name}/${id}/${encodeURIComponent(target)}`;
    const body = new Uint8Array(Buffer.from(challenge ?? '', 'base64'));
    return (await fetch(url, { method: 'POST', body })).json() as Promise<Step>;
  }

  async calls(): Promise<{ initialize: number; delete: number; free: number }> {
    const response = await fetch(`${await this.#url}/calls`);
    return response.json() as Promise<{ initialize: number; delete: number; free: number }>;
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}

let alice: WindowsClient;
let nobody: WindowsClient;
let linux: Service;
let windows: Service;
let handshakes = 0;

beforeAll(async () => {
  logOn('imp-alice');
  alice = new WindowsClient('imp-alice');
  nobody = new WindowsClient('nobody');
  [linux, windows] = await Promise.all([startService('linux'), startService('win32')]);
  await windows.giveTokens(true);
});
afterAll(() => {
  for (const one of [alice, nobody]) one.end();
  for (const one of [linux, windows]) one.stop();
});

const target = 'HTTP/localhost';
const decode = (text = ''): Buffer => Buffer.from(text, 'base64');
const uidOf = (user: string): string => execFileSync('id', ['-u', user], { encoding: 'utf8' }).trim();
const next = (): string => String(handshakes++);

describe.each<[string, string, string]>([
  ['Linux', 'Kerberos', 'Kerberos'],
  ['Linux', 'Negotiate', 'Kerberos'],
  // SPNEGO, in which Wine's package chooses Kerberos.
  ['Linux', 'Negotiate', 'NTLM'],
  ['Windows', 'Kerberos', 'Kerberos'],
  ['Windows', 'Negotiate', 'NTLM'],
])('a NegotiateServer on %s, %s, of a client %s', (system, server, client) => {
  test('authenticates the user by a ticket of the domain, and proves itself', async () => {
    const before = await alice.calls();
    const id = next();
    const first = await alice.step(client, id, target);
    expect(first).toEqual({ message: expect.any(String) as string, done: false });
    const service = system === 'Linux' ? linux : windows;
    const { reply, user } = await service.step(server, id, decode(first.message));
    // Wine has no token of a context: the test authority's user.
    expect(user).toBe(system === 'Linux' ? uidOf('imp-alice') : 'S-1-5-21-1000-2000-3000-1001');
    expect(await alice.step(client, id, target, reply)).toEqual({ done: true });
    const after = await alice.calls();
    expect([
      after.initialize - before.initialize,
      after.delete - before.delete,
      after.free - before.free,
    ]).toEqual([2, 1, 1]);
  });
});

describe('a server without proof', () => {
  test.each([
    ['with a changed reply', (reply: Buffer) => reply.fill(0, reply.length - 8)],
    ['with garbage', () => Buffer.from('garbage')],
  ])('%s is rejected', async (_name, change) => {
    const id = next();
    const { message } = await alice.step('Kerberos', id, target);
    const { reply } = await linux.step('Kerberos', id, decode(message));
    const last = await alice.step('Kerberos', id, target, change(decode(reply)).toString('base64'));
    expect(last).toEqual({
      code: expect.stringMatching(/^SEC_E_/) as string,
      syscall: 'InitializeSecurityContextW',
    });
  });

  test('is another service: its reply to another ticket is rejected', async () => {
    const [id, other] = [next(), next()];
    await alice.step('Kerberos', id, target);
    const { message } = await alice.step('Kerberos', other, target);
    const { reply } = await linux.step('Kerberos', other, decode(message));
    expect(await alice.step('Kerberos', id, target, reply)).toMatchObject({
      code: expect.stringMatching(/^SEC_E_/) as string,
    });
  });
});

test('the directory has no such service', async () => {
  expect(await alice.step('Kerberos', next(), 'HTTP/nowhere.example')).toEqual({
    code: expect.stringMatching(/^SEC_E_/) as string,
    syscall: 'InitializeSecurityContextW',
  });
});

test('a user without a ticket gets none', async () => {
  expect(await nobody.step('Kerberos', next(), target)).toEqual({
    code: 'SEC_E_NO_CREDENTIALS',
    syscall: 'AcquireCredentialsHandleW',
  });
});

test("NTLM never leaves the client: Wine's Negotiate chooses it although it is excluded", async () => {
  expect(await alice.step('Negotiate', next(), target)).toEqual({ code: 'ERR_NTLM_REFUSED' });
  expect(await nobody.step('Negotiate', next(), target)).toMatchObject({
    code: expect.stringMatching(/^(?:ERR_NTLM_REFUSED|SEC_E_)/) as string,
  });
});

test('by allowNtlm it leaves, for a service that the directory does not know', async () => {
  const { message } = await alice.step('NTLM', next(), 'MSSQLSvc/nowhere.example');
  expect(decode(message).toString('latin1')).toContain('NTLMSSP');
});
