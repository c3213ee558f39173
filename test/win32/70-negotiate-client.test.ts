import { NegotiateClient, NegotiateServer, Token, type NegotiateClientOptions } from 'impersonate';
import { caught, rejected } from '../support/errors';
import {
  clientProof,
  seam,
  serverAccepted,
  serverAcceptedNtlm,
  serverChallenge,
  serverLast,
  serverUnproven,
  serverWantsNtlm,
  slow,
  toComplete,
  type CallRecord,
} from '../support/win32/seam';
import { expectActingAsService } from '../support/world/acting';
import { domain, world, type Win32Identity } from '../support/world/win32';
import { settledHandles } from '../support/world/world';

const addon = 'impersonate.node';
const none = { lsaConnections: 0, lsaBuffers: 0, credentials: 0, contexts: 0, contextBuffers: 0 };
const target = 'HTTP/back.example';
const proofOf = ({ name }: { name: string }): Buffer => clientProof(`${name}@${domain}`, name);
const ntlm = Buffer.from('NTLMSSP\0\u0001', 'latin1');
const ntlmInSpnego = Buffer.concat([Buffer.from('60280606', 'hex'), ntlm]);

let client: NegotiateClient;
let alice: Token;
beforeEach(async () => {
  client = new NegotiateClient();
  alice = await world.alice.token();
  seam().takeAuthorityRecords();
});
afterEach(async () => {
  client.close();
  alice.close();
  seam().clearFaults();
  await released();
  expect(seam().outstanding()).toEqual(none);
  expectActingAsService();
});

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

/** A step that is not awaited keeps its credentials until it is done. */
async function released(): Promise<void> {
  for (let n = 0; n < 200 && seam().outstanding().credentials > 0; n++) await rest();
}

/** Begins a handshake, and resolves to its second step. */
async function answer(reply: Buffer, options: NegotiateClientOptions = {}): Promise<unknown> {
  using one = new NegotiateClient(options);
  const handshake = one.handshake({ target, token: alice });
  await handshake.step();
  return await handshake.step(reply);
}

const who = ({ function: name, sid, level, main }: CallRecord): unknown[] => [name, sid, level, main];
const asService = (name: string): unknown[] => [name, world.serviceId, 'none', false];

describe('the user of the handshake', () => {
  const callsAs = (sid: string, level: string): unknown[] => [
    ['AcquireCredentialsHandleW', sid, level, false],
    ['InitializeSecurityContextW', sid, level, false],
    ['InitializeSecurityContextW', sid, level, false],
    // What follows is not the user's.
    asService('QueryContextAttributesW'),
    asService('DeleteSecurityContext'),
    asService('FreeCredentialsHandle'),
  ];

  test('is that of the flow: only the calls that use the credentials carry the token', async () => {
    await alice.run(async () => {
      const handshake = client.handshake({ target });
      expect(await handshake.step()).toEqual({ message: proofOf(world.alice), done: false });
      expect(handshake.closed).toBe(false);
      expect(await handshake.step(serverAccepted)).toEqual({ done: true });
      expect(handshake.closed).toBe(true);
    });
    expect(seam().takeAuthorityRecords().map(who)).toEqual(callsAs(world.alice.id, 'impersonation'));
  });

  test.each(['identification', 'impersonation', 'delegation'] as const)(
    'may have a token of level %s',
    async (level) => {
      using token = Token.fromHandle(world.alice.mint({ level }), { adopt: true });
      const handshake = client.handshake({ target, token });
      await handshake.step();
      await handshake.step(serverAccepted);
      expect(seam().takeAuthorityRecords().map(who)).toEqual(callsAs(world.alice.id, level));
    },
  );

  test('may have a primary token', async () => {
    using token = Token.fromHandle(world.alice.mint({ type: 'primary' }), { adopt: true });
    const handshake = client.handshake({ target, token });
    await handshake.step();
    await handshake.step(serverAccepted);
    expect(seam().takeAuthorityRecords().map(who)).toEqual(callsAs(world.alice.id, 'impersonation'));
  });

  test('is the process outside of flows, without a switch', async () => {
    const handshake = client.handshake({ target });
    seam().failImport(addon, 'SetThreadToken', { error: 5, times: 0 });
    await handshake.step();
    await handshake.step(serverAccepted);
    expect(seam().takeAuthorityRecords().map(who)).toEqual(callsAs(world.serviceId, 'none'));
    expect(seam().importCalls(addon, 'SetThreadToken')).toBe(0);
  });

  test('is put on the thread and removed once in a step', async () => {
    const handshake = client.handshake({ target, token: alice });
    seam().failImport(addon, 'SetThreadToken', { error: 5, times: 0 });
    await handshake.step();
    expect(seam().importCalls(addon, 'SetThreadToken')).toBe(2);
  });

  test('stays that of the handshake when its token is closed', async () => {
    const token = await world.alice.token();
    const handshake = client.handshake({ target, token });
    token.close();
    expect(await handshake.step()).toEqual({ message: proofOf(world.alice), done: false });
    expect(await handshake.step(serverAccepted)).toEqual({ done: true });
  });

  test('is never mistaken for another', async () => {
    using bob = await world.bob.token();
    const handles = world.handleCount();
    for (let round = 0; round < 5; round++) {
      const users = Array.from({ length: 60 }, (_, n): [Win32Identity, Token] =>
        (n + round) % 2 === 0 ? [world.alice, alice] : [world.bob, bob],
      );
      const handshakes = users.map(([, token]) => client.handshake({ target, token }));
      const first = await Promise.all(handshakes.map((handshake) => handshake.step()));
      expect(first.map(({ message }) => message)).toEqual(users.map(([user]) => proofOf(user)));
      await Promise.all(handshakes.reverse().map((handshake) => handshake.step(serverAccepted)));
    }
    expect(client.handshakes).toBe(0);
    expect(await settledHandles(handles + 8)).toBeLessThanOrEqual(handles + 8);
  });
});

describe('a NegotiateServer', () => {
  const meet = async (delegate: boolean): Promise<Token | undefined> => {
    using server = new NegotiateServer();
    const [one, other] = [client.handshake({ target, token: alice, delegate }), server.handshake()];
    const { message } = await one.step();
    const { reply, token } = await other.step(message ?? Buffer.alloc(0));
    expect(await one.step(reply)).toEqual({ done: true });
    return token;
  };

  test('has the user, and the client its proof', async () => {
    using token = await meet(false);
    expect([token?.user.id, token?.level]).toEqual([world.alice.id, 'impersonation']);
  });

  test('may act as the user on other machines by delegate', async () => {
    using token = await meet(true);
    expect([token?.user.id, token?.level, token?.delegation]).toEqual([
      world.alice.id,
      'delegation',
      'forwarded',
    ]);
  });
});

describe('what is requested', () => {
  const requested = async (changes: object): Promise<string[]> => {
    const handshake = client.handshake({ target, token: alice, ...changes });
    await handshake.step();
    await handshake.step(serverAccepted);
    const calls = seam().takeAuthorityRecords();
    return calls
      .filter(({ function: name }) => name === 'InitializeSecurityContextW')
      .map(({ subject }) => subject);
  };

  // ISC_REQ_: 1 delegate, 2 mutual authentication, 4 replay and 8 sequence detection, 0x800 connection.
  test.each<[string, object, string]>([
    ['without delegation', {}, '0000080e'],
    ['with delegation', { delegate: true }, '0000080f'],
  ])('%s, of the target in each message', async (_name, changes, flags) => {
    expect(await requested(changes)).toEqual([`${target} ${flags}`, `${target} ${flags}`]);
  });

  test('with channel bindings in each message: no addresses, and the application data', async () => {
    const data = Buffer.from('tls-server-end-point:\u0000\u00ff', 'latin1');
    const header = Buffer.alloc(32);
    header.writeUInt32LE(data.length, 24);
    header.writeUInt32LE(32, 28);
    const call = `${target} 0000080e ${Buffer.concat([header, data]).toString('hex')}`;
    expect(await requested({ channelBindings: data })).toEqual([call, call]);
  });

  test.each<[string, NegotiateClientOptions, string]>([
    ['Negotiate without NTLM', {}, 'Negotiate outbound !ntlm'],
    ['Negotiate with NTLM', { allowNtlm: true }, 'Negotiate outbound'],
    ['Kerberos', { package: 'Kerberos' }, 'Kerberos outbound'],
  ])('%s', async (_name, options, subject) => {
    await answer(serverAccepted, options);
    expect(seam().takeAuthorityRecords()[0]).toMatchObject({
      function: 'AcquireCredentialsHandleW',
      subject,
    });
  });

  test('messages that need CompleteAuthToken are completed', async () => {
    expect(await answer(toComplete(serverChallenge))).toEqual({
      message: Buffer.from('SEAM-RESPONSE'),
      done: false,
    });
    expect(await answer(toComplete(serverLast))).toEqual({ message: Buffer.from('SEAM-END'), done: true });
  });
});

describe('a server without proof', () => {
  test('of its identity is rejected, and its last message is withheld', async () => {
    expect(await rejected(answer(serverUnproven))).toMatchObject({
      name: 'ImpersonationError',
      code: 'ERR_SERVER_UNPROVEN',
    });
  });

  test.each([
    ['garbage', Buffer.from('garbage')],
    ["another client's message", proofOf(world.alice)],
  ])('%s closes the handshake', async (_name, reply) => {
    const handshake = client.handshake({ target, token: alice });
    await handshake.step();
    expect(await rejected(handshake.step(reply))).toMatchObject({
      code: 'SEC_E_INVALID_TOKEN',
      syscall: 'InitializeSecurityContextW',
    });
    expect([handshake.closed, client.handshakes, seam().outstanding()]).toEqual([true, 0, none]);
    expect(await rejected(handshake.step(serverAccepted))).toMatchObject({ code: 'ERR_HANDSHAKE_CLOSED' });
  });

  test('a service that the directory does not know is none', async () => {
    expect(await rejected(client.handshake({ target: 'MSSQLSvc/db', token: alice }).step())).toMatchObject({
      code: 'SEC_E_TARGET_UNKNOWN',
      syscall: 'InitializeSecurityContextW',
    });
  });
});

describe('NTLM', () => {
  const refused = { name: 'ImpersonationError', code: 'ERR_NTLM_REFUSED' };

  test.each([
    ['alone', ntlm],
    ['in SPNEGO', ntlmInSpnego],
  ])('%s from the server is refused before the system gets it', async (_name, reply) => {
    expect(await rejected(answer(reply))).toMatchObject(refused);
    const calls = seam()
      .takeAuthorityRecords()
      .map(({ function: name }) => name);
    expect(calls.filter((name) => name === 'InitializeSecurityContextW')).toHaveLength(1);
  });

  test('to the server is refused', async () => {
    expect(await rejected(answer(serverWantsNtlm))).toMatchObject(refused);
  });

  test('that was chosen is refused at the end', async () => {
    expect(await rejected(answer(serverAcceptedNtlm))).toMatchObject(refused);
  });

  test('is permitted by allowNtlm, without proof of the server', async () => {
    const options = { allowNtlm: true };
    expect(await answer(serverWantsNtlm, options)).toEqual({ message: ntlm, done: false });
    expect(await answer(serverAcceptedNtlm, options)).toEqual({ done: true });
    expect(await rejected(answer(serverUnproven, options))).toMatchObject({ code: 'ERR_SERVER_UNPROVEN' });
    using one = new NegotiateClient(options);
    expect(await one.handshake({ target: 'MSSQLSvc/db', token: alice }).step()).toEqual({
      message: ntlm,
      done: false,
    });
  });
});

describe('a user without credentials', () => {
  const noCredentials = 0x8009030e | 0;

  test.each(['AcquireCredentialsHandleW', 'InitializeSecurityContextW'])(
    'is ERR_NOT_DELEGATED by %s; the process keeps the status of the system',
    async (call) => {
      seam().failImport(addon, call, { error: 0, returns: noCredentials, times: Infinity });
      expect(await rejected(client.handshake({ target, token: alice }).step())).toMatchObject({
        name: 'ImpersonationError',
        code: 'ERR_NOT_DELEGATED',
        errno: noCredentials,
        syscall: call,
      });
      expect(await rejected(client.handshake({ target }).step())).toMatchObject({
        code: 'SEC_E_NO_CREDENTIALS',
        errno: noCredentials,
        syscall: call,
      });
    },
  );

  test.each<[string, Parameters<Win32Identity['mint']>[0]]>([
    ['ANONYMOUS LOGON', { user: 'S-1-5-7' }],
    ['a guest', { user: 'S-1-5-21-1000-2000-3000-501' }],
    ['a token of level anonymous', { level: 'anonymous' }],
  ])('%s is not sent to the system', async (_name, changes) => {
    using token = Token.fromHandle(world.alice.mint(changes), { adopt: true });
    expect(token.delegation).toBe('none');
    expect(await rejected(client.handshake({ target, token }).step())).toMatchObject({
      code: 'ERR_NOT_DELEGATED',
    });
    expect(seam().takeAuthorityRecords()).toEqual([]);
  });
});

describe('the thread', () => {
  test('at a lower level than the token makes no call', async () => {
    expect(seam().lieSetThreadToken(addon)).not.toEqual([]);
    expect(await rejected(client.handshake({ target, token: alice }).step())).toMatchObject({
      code: 'ERR_IMPERSONATION_DOWNGRADED',
    });
    expect(seam().takeAuthorityRecords()).toEqual([]);
  });

  test("with another user's token makes no call, in the first message and later", async () => {
    const bob = world.bob.mint();
    try {
      const handshake = client.handshake({ target, token: alice });
      await handshake.step();
      seam().takeAuthorityRecords();
      seam().swapThreadToken(addon, bob, { times: Infinity });
      const steps = [client.handshake({ target, token: alice }).step(), handshake.step(serverAccepted)];
      const mismatch = expect.objectContaining({ code: 'ERR_IMPERSONATION_MISMATCH' }) as Error;
      expect(await Promise.all(steps.map(rejected))).toEqual([mismatch, mismatch]);
      expect(
        seam()
          .takeAuthorityRecords()
          .map(({ function: name }) => name),
      ).toEqual(['DeleteSecurityContext', 'FreeCredentialsHandle']);
    } finally {
      seam().closeHandle(bob);
    }
  });
});

describe('errors of the system', () => {
  const memory = 0x80090300 | 0;
  const status = { error: 0, returns: memory };
  const bool = { error: 8, returns: 0 };

  test.each<[string, object, object]>([
    ['AcquireCredentialsHandleW', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
    ['InitializeSecurityContextW', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
    ['CompleteAuthToken', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
    ['QueryContextAttributesW', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
    ['SetThreadToken', bool, { code: 'ERROR_NOT_ENOUGH_MEMORY', errno: 8 }],
    ['GetTokenInformation', bool, { code: 'ERROR_NOT_ENOUGH_MEMORY', errno: 8 }],
  ])('%s closes the handshake', async (call, fault, fields) => {
    expect(seam().failImport(addon, call, { error: 8, ...fault })).not.toEqual([]);
    const handshake = client.handshake({ target, token: alice });
    const steps = handshake.step().then(() => handshake.step(toComplete(serverAccepted)));
    expect(await rejected(steps)).toMatchObject({ name: 'ImpersonationError', syscall: call, ...fields });
    expect([handshake.closed, client.handshakes, seam().outstanding()]).toEqual([true, 0, none]);
  });

  test('the client passes on the error of QuerySecurityPackageInfoW', () => {
    seam().failImport(addon, 'QuerySecurityPackageInfoW', { ...status, returns: 0x80090305 | 0 });
    expect(caught(() => new NegotiateClient())).toMatchObject({
      code: 'SEC_E_SECPKG_NOT_FOUND',
      syscall: 'QuerySecurityPackageInfoW',
    });
  });

  test('an unexpected success status proves nothing', async () => {
    const handshake = client.handshake({ target, token: alice });
    await handshake.step();
    // SEC_I_RENEGOTIATE
    seam().failImport(addon, 'InitializeSecurityContextW', { error: 0, returns: 0x00090321 });
    expect(await rejected(handshake.step(serverAccepted))).toMatchObject({
      syscall: 'InitializeSecurityContextW',
    });
  });
});

describe('close()', () => {
  test.each(['handshake', 'client'])('of the %s while a message is in progress', async (what) => {
    const handshake = client.handshake({ target, token: alice });
    await handshake.step();
    const step = rejected(handshake.step(slow(serverAccepted)));
    await rest();
    if (what === 'client') client.close();
    else handshake.close();
    expect(await step).toMatchObject({ name: 'ImpersonationError', code: 'ERR_HANDSHAKE_CLOSED' });
    expect(client.handshakes).toBe(0);
  });

  test('between messages releases everything', async () => {
    const handshake = client.handshake({ target, token: alice });
    await handshake.step();
    expect(seam().outstanding()).toMatchObject({ credentials: 1, contexts: 1 });
    handshake.close();
    expect(seam().outstanding()).toEqual(none);
  });

  test('before the first message needs no call', () => {
    client.handshake({ target, token: alice }).close();
    expect(seam().takeAuthorityRecords()).toEqual([]);
  });
});
