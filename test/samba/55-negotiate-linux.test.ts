import { readFileSync } from 'node:fs';
import { curl, endClients, kerberosClient, logOn } from './clients';
import { startService, type Service } from './service';

const users = ['imp-alice', 'imp-bob'] as const;
const negotiate = ['--negotiate', '--user', ':'];
const refused = { code: 'ERR_HANDSHAKE_REFUSED', syscall: 'gss_accept_sec_context' };

const uidOf = (name: string): string | undefined =>
  readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([user]) => user === name)?.[2];

let service: Service;
let handshakes = 0;
const step = (name: string, bytes: Buffer | null) =>
  service.step(name, String(handshakes++), bytes ?? Buffer.alloc(0));

beforeAll(async () => {
  for (const user of [...users, 'administrator', 'root', 'daemon'] as const) logOn(user);
  service = await startService('linux');
});
afterEach(async () => {
  endClients();
  expect(await service.rest()).toMatchObject({ handshakes: 0, tokens: 0 });
});
afterAll(() => service.stop());

describe.each(users)('%s of the directory', (user) => {
  test.each([
    ['Negotiate', 'spnego'],
    ['Negotiate', 'krb5'],
    ['Kerberos', 'krb5'],
  ] as const)(
    '%s, %s: is the local user of that name, and the client trusts the server',
    async (name, mechanism) => {
      const client = kerberosClient(user, mechanism);
      const { reply, ...outcome } = await step(name, await client.next());
      expect(outcome).toEqual({ user: uidOf(user), closed: true });
      expect(await client.next(reply)).toBeNull();
    },
  );

  test('is accepted with curl --negotiate', async () => {
    expect(await curl(`${service.url}/http/Negotiate`, user, ...negotiate)).toBe(
      `${uidOf(user) ?? '?'}\n200`,
    );
  });
});

test('a client does not trust a server whose reply has been changed', async () => {
  const client = kerberosClient('imp-alice', 'krb5');
  const { reply = '' } = await step('Kerberos', await client.next());
  const bytes = Buffer.from(reply, 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await expect(client.next(bytes.toString('base64'))).rejects.toThrow();
});

test('a user that exists only in the directory is rejected', async () => {
  const client = kerberosClient('administrator', 'spnego');
  expect(await step('Negotiate', await client.next())).toMatchObject({
    code: 'ERR_UNKNOWN_USER',
    closed: true,
  });
  expect(await curl(`${service.url}/http/Negotiate`, 'administrator', ...negotiate)).toMatch(/\n401$/);
  expect(await service.error()).toMatchObject({ code: 'ERR_UNKNOWN_USER' });
});

describe('a machine account gets tickets as the user of its name, which the directory does not have', () => {
  test('root is rejected', async () => {
    const outcome = await step('Negotiate', await kerberosClient('root', 'spnego').next());
    expect(outcome).toMatchObject({ code: 'ERR_UNMAPPED_PRINCIPAL', closed: true });
  });

  // docs/integrated-authentication.md warns of this: the ticket does not show that it belongs to a machine.
  test('an account of the system is not accepted over the network', async () => {
    const outcome = await step('Negotiate', await kerberosClient('daemon', 'spnego').next());
    expect(outcome).toMatchObject({ code: 'ERR_UNMAPPED_PRINCIPAL' });
  });
});

describe('services of one account have one key', () => {
  const hostTicket = () => kerberosClient('imp-alice', 'krb5', 'host@localhost').next();

  test('a ticket for another of them is accepted if the keytab has no other name', async () => {
    expect(await step('Negotiate', await hostTicket())).toMatchObject({ user: uidOf('imp-alice') });
  });

  test('no client is accepted if the other one comes first in the keytab', async () => {
    const other = await startService('linux', { KRB5_KTNAME: 'FILE:/run/host-first.keytab' });
    try {
      for (const [id, name] of ['HTTP@localhost', 'host@localhost'].entries()) {
        const ticket = await kerberosClient('imp-alice', 'krb5', name).next();
        expect(await other.step('Negotiate', String(id), ticket ?? Buffer.alloc(0))).toEqual({
          ...refused,
          closed: true,
        });
      }
    } finally {
      other.stop();
    }
  });
});

test('a client without a ticket is rejected', async () => {
  expect(await curl(`${service.url}/http/Negotiate`, 'nobody', ...negotiate)).toMatch(/\n401$/);
  await expect(kerberosClient('nobody', 'spnego').next()).rejects.toThrow();
});

describe('a rejected handshake message', () => {
  const ticket = (service?: string): Promise<Buffer | null> =>
    kerberosClient('imp-alice', 'krb5', service).next();

  test('a ticket for another service, whose key is not in the keytab', async () => {
    expect(await step('Negotiate', await ticket('HTTP@elsewhere'))).toEqual({ ...refused, closed: true });
    const elsewhere = service.url.replace('localhost', 'elsewhere');
    expect(await curl(`${elsewhere}/http/Negotiate`, 'imp-alice', ...negotiate)).toMatch(/\n401$/);
    expect(await service.error()).toEqual(refused);
  });

  test('a ticket for this service at another server', async () => {
    expect(await step('elsewhere', await ticket())).toEqual({ ...refused, closed: true });
  });

  test('a replayed or changed message', async () => {
    const good = await ticket();
    expect(await step('Kerberos', good)).toMatchObject({ user: uidOf('imp-alice') });
    expect(await step('Kerberos', good)).toEqual({ ...refused, closed: true });
    const changed = (await ticket()) ?? Buffer.alloc(0);
    changed[700] = (changed[700] ?? 0) ^ 1;
    expect(await step('Kerberos', changed)).toEqual({ ...refused, closed: true });
  });

  test.each(['Negotiate', 'Kerberos'])('%s: garbage', async (name) => {
    expect(await step(name, Buffer.from('garbage'))).toEqual({ ...refused, closed: true });
  });
});
