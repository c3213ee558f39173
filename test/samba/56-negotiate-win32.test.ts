import {
  curl,
  domain,
  endClients,
  kerberosClient,
  logOn,
  ntlmClient,
  passwordOf,
  type Client,
} from './clients';
import { startService, type Calls, type Outcome, type Service } from './service';

const negotiate = ['--negotiate', '--user', ':'];
const ntlm = (password: string): string[] => ['--ntlm', '--user', `${domain}\\imp-alice:${password}`];
/** The user of the tokens that the test authority returns. */
const sid = 'S-1-5-21-1000-2000-3000-1001';
const noToken = { code: 'SEC_E_UNSUPPORTED_FUNCTION', syscall: 'QuerySecurityContextToken' };
const right = passwordOf('imp-alice');

let service: Service;
let before: Calls;
let handshakes = 0;

beforeAll(async () => {
  logOn('imp-alice');
  service = await startService('win32');
});
beforeEach(async () => {
  before = await service.calls();
});
afterEach(async () => {
  await service.giveTokens(false);
  endClients();
  expect(await service.rest()).toMatchObject({ handshakes: 0, tokens: 0 });
});
afterAll(() => service.stop());

/** The SSPI calls since the test began. */
async function calls(): Promise<Pick<Calls, 'accept' | 'query' | 'delete'>> {
  const now = await service.calls();
  return {
    accept: now.accept - before.accept,
    query: now.query - before.query,
    delete: now.delete - before.delete,
  };
}

const begin = (name: string, message: Buffer | null): Promise<Outcome> =>
  service.step(name, String(handshakes++), message ?? Buffer.alloc(0));

/** Resolves to the outcome of each message of the client, and whether the client accepts the last reply. */
async function converse(name: string, client: Client): Promise<{ outcomes: Outcome[]; taken: boolean }> {
  const id = String(handshakes++);
  const outcomes: Outcome[] = [];
  let message = await client.next();
  while (message) {
    const outcome = await service.step(name, id, message);
    outcomes.push(outcome);
    if (outcome.reply === undefined) return { outcomes, taken: false };
    message = await client.next(outcome.reply);
  }
  return { outcomes, taken: true };
}

const withTickets = [
  ['Negotiate', 'spnego'],
  ['Negotiate', 'krb5'],
  ['Kerberos', 'spnego'],
  ['Kerberos', 'krb5'],
] as const;

describe.each(withTickets)('%s, a ticket of the domain controller (%s)', (name, mechanism) => {
  test('is accepted in one message; without a token the client is not authenticated', async () => {
    const { outcomes } = await converse(name, kerberosClient('imp-alice', mechanism));
    expect(outcomes).toEqual([{ ...noToken, closed: true }]);
    expect(await calls()).toEqual({ accept: 1, query: 1, delete: 1 });
  });

  test('is accepted in one message, and the client trusts the server', async () => {
    await service.giveTokens(true);
    const { outcomes, taken } = await converse(name, kerberosClient('imp-alice', mechanism));
    expect(outcomes).toEqual([{ reply: expect.any(String) as string, user: sid, closed: true }]);
    expect(taken).toBe(true);
    expect(await calls()).toEqual({ accept: 1, query: 1, delete: 1 });
  });
});

test('a client does not trust a server whose reply has been changed', async () => {
  await service.giveTokens(true);
  const client = kerberosClient('imp-alice', 'krb5');
  const { reply = '' } = await begin('Kerberos', await client.next());
  const bytes = Buffer.from(reply, 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await expect(client.next(bytes.toString('base64'))).rejects.toThrow();
});

describe.each(['NTLM', 'Negotiate'])('%s, a password that the domain controller knows', (name) => {
  test('is accepted in two messages; without a token the client is not authenticated', async () => {
    const { outcomes } = await converse(name, ntlmClient('imp-alice', right));
    expect(outcomes).toEqual([
      { reply: expect.any(String) as string, closed: false },
      { ...noToken, closed: true },
    ]);
    expect(await calls()).toEqual({ accept: 2, query: 1, delete: 1 });
  });

  test('is accepted in two messages', async () => {
    await service.giveTokens(true);
    const { outcomes } = await converse(name, ntlmClient('imp-alice', right));
    expect(outcomes).toEqual([
      { reply: expect.any(String) as string, closed: false },
      { user: sid, closed: true },
    ]);
    expect(await calls()).toEqual({ accept: 2, query: 1, delete: 1 });
  });

  test.each([
    ['a wrong password', 'imp-alice', 'wrong'],
    ['an unknown user', 'mallory', right],
    ["another user's password", 'imp-bob', right],
  ])('%s is rejected in the second message, and the context deleted', async (_name, user, password) => {
    await service.giveTokens(true);
    const { outcomes } = await converse(name, ntlmClient(user, password));
    expect(outcomes).toEqual([
      { reply: expect.any(String) as string, closed: false },
      { code: 'SEC_E_LOGON_DENIED', syscall: 'AcceptSecurityContext', closed: true },
    ]);
    expect(await calls()).toEqual({ accept: 2, query: 0, delete: 1 });
  });

  test('a reply to another challenge is rejected', async () => {
    await service.giveTokens(true);
    const [client, other] = [ntlmClient('imp-alice', right), ntlmClient('imp-alice', right)];
    const id = String(handshakes++);
    const { reply } = await service.step(name, id, (await client.next()) ?? Buffer.alloc(0));
    const stolen = await client.next(reply);
    const second = String(handshakes++);
    await service.step(name, second, (await other.next()) ?? Buffer.alloc(0));
    expect(await service.step(name, second, stolen ?? Buffer.alloc(0))).toMatchObject({
      syscall: 'AcceptSecurityContext',
      closed: true,
    });
    expect(await service.step(name, id, stolen ?? Buffer.alloc(0))).toEqual({ user: sid, closed: true });
  });
});

describe('a rejected handshake message', () => {
  beforeEach(() => service.giveTokens(true));
  const refusal = async (name: string, message: Buffer | null): Promise<void> => {
    const outcome = await begin(name, message);
    expect(outcome).toEqual({
      code: expect.stringMatching(/^SEC_E_/) as string,
      syscall: 'AcceptSecurityContext',
      closed: true,
    });
  };

  test.each(['Negotiate', 'NTLM', 'Kerberos'])('%s: garbage', async (name) => {
    await refusal(name, Buffer.from('garbage'));
    expect(await calls()).toEqual({ accept: 1, query: 0, delete: 0 });
  });

  test.each(withTickets)('%s, %s: a ticket for another service', async (name, mechanism) => {
    await refusal(name, await kerberosClient('imp-alice', mechanism, 'HTTP@elsewhere').next());
    expect(await calls()).toEqual({ accept: 1, query: 0, delete: 0 });
  });

  test('a replayed or changed message', async () => {
    const good = await kerberosClient('imp-alice', 'krb5').next();
    expect(await begin('Kerberos', good)).toMatchObject({ user: sid });
    await refusal('Kerberos', good);
    const changed = (await kerberosClient('imp-alice', 'krb5').next()) ?? Buffer.alloc(0);
    changed[700] = (changed[700] ?? 0) ^ 1;
    await refusal('Kerberos', changed);
    expect((await calls()).query).toBe(1);
  });
});

describe('curl, by impersonate/http', () => {
  const clients: [string, string, string[]][] = [
    ['--negotiate with a ticket', 'Negotiate', negotiate],
    ['--ntlm with the right password', 'NTLM', ntlm(right)],
  ];
  test.each(clients)(
    '%s: is accepted if there is a token, and not otherwise',
    async (_name, name, options) => {
      const url = `${service.url}/http/${name}`;
      await service.giveTokens(true);
      expect(await curl(url, 'imp-alice', ...options)).toBe(`${sid}\n200`);
      await service.giveTokens(false);
      expect(await curl(url, 'imp-alice', ...options)).toMatch(/^[^S]*\n401$/);
      expect(await service.error()).toEqual(noToken);
    },
  );

  test('a wrong password, no ticket and a ticket for another service are rejected', async () => {
    await service.giveTokens(true);
    expect(await curl(`${service.url}/http/NTLM`, 'imp-alice', ...ntlm('wrong'))).toMatch(/\n401$/);
    expect(await service.error()).toMatchObject({ code: 'SEC_E_LOGON_DENIED' });
    expect(await curl(`${service.url}/http/Negotiate`, 'nobody', ...negotiate)).toMatch(/\n401$/);
    const elsewhere = service.url.replace('localhost', 'elsewhere');
    expect(await curl(`${elsewhere}/http/Negotiate`, 'imp-alice', ...negotiate)).toMatch(/\n401$/);
    expect((await calls()).query).toBe(0);
  });
});
