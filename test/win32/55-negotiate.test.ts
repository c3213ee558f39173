import { NegotiateServer, type Token } from 'impersonate';
import { rejected } from '../support/errors';
import {
  clientHello,
  clientProof,
  seam,
  serverAccepted,
  serverChallenge,
  toComplete,
  type Level,
} from '../support/win32/seam';
import { expectActingAs, expectActingAsService } from '../support/world/acting';
import { domain, world } from '../support/world/win32';
import { settledHandles } from '../support/world/world';

const none = { lsaConnections: 0, lsaBuffers: 0, credentials: 0, contexts: 0, contextBuffers: 0 };
const as = (who: { name: string }): string => `${who.name}@${domain}`;
const proofOf = (who: { name: string }, level?: Level): Buffer => clientProof(as(who), who.name, level);

let server: NegotiateServer;
beforeEach(() => {
  server = new NegotiateServer();
});
afterEach(() => {
  server.close();
  expect(seam().outstanding()).toEqual(none);
});

/** Resolves to the token of a handshake with these messages. */
async function prove(...messages: readonly Buffer[]): Promise<Token> {
  const handshake = server.handshake();
  for (const message of messages) {
    const { token } = await handshake.step(message);
    if (token) return token;
  }
  throw new Error('the messages gave no token');
}

test('one message authenticates the client, and the reply is for the client', async () => {
  const handshake = server.handshake();
  expect(server.handshakes).toBe(1);
  const { reply, token } = await handshake.step(proofOf(world.alice));
  expect(reply).toEqual(serverAccepted);
  expect(token?.user).toMatchObject({ id: world.alice.id });
  expect(token?.type).toBe('impersonation');
  expect([handshake.closed, server.handshakes, seam().outstanding().contexts]).toEqual([true, 0, 0]);
  token?.runSync(() => expectActingAs(world.alice));
  token?.close();
});

test('two messages authenticate it, with a challenge between them', async () => {
  const handshake = server.handshake();
  expect(await handshake.step(clientHello)).toEqual({ reply: serverChallenge });
  expect([handshake.closed, seam().outstanding().contexts]).toEqual([false, 1]);
  const { reply, token } = await handshake.step(proofOf(world.bob));
  expect(reply).toEqual(serverAccepted);
  token?.runSync(() => expectActingAs(world.bob));
  token?.close();
});

test('replies that need CompleteAuthToken are completed', async () => {
  const handshake = server.handshake();
  expect(await handshake.step(toComplete(clientHello))).toEqual({ reply: serverChallenge });
  const { reply, token } = await handshake.step(toComplete(proofOf(world.alice)));
  expect(reply).toEqual(serverAccepted);
  expect(token?.user.id).toBe(world.alice.id);
  token?.close();
});

test.each(['Negotiate', 'NTLM', 'Kerberos'] as const)('the package is %s', async (name) => {
  seam().takeAuthorityRecords();
  using one = new NegotiateServer({ package: name, principal: 'service@SEAM' });
  expect(one.scheme).toBe(name === 'NTLM' ? 'NTLM' : 'Negotiate');
  expect(seam().takeAuthorityRecords()).toMatchObject([
    { function: 'AcquireCredentialsHandleW', subject: name },
  ]);
  const { token } = await one.handshake().step(proofOf(world.alice));
  token?.close();
});

test("uses the process's credentials and checks messages as the process, whatever the effective identity", async () => {
  using alice = await world.alice.token();
  seam().takeAuthorityRecords();
  const [one, proven] = alice.runSync(() => {
    const made = new NegotiateServer();
    const step = made.handshake().step(proofOf(world.bob));
    expectActingAs(world.alice);
    return [made, () => step] as const;
  });
  const { token } = await proven();
  token?.close();
  one.close();
  expect(seam().takeAuthorityRecords()).toMatchObject([
    { function: 'AcquireCredentialsHandleW', sid: world.serviceId, level: 'none', main: true },
    { function: 'AcceptSecurityContext', sid: world.serviceId, level: 'none', main: false },
  ]);
});

describe('the impersonation level that the client grants', () => {
  test.each<Level>(['impersonation', 'delegation'])('%s: the token can be entered', async (level) => {
    using token = await prove(proofOf(world.alice, level));
    expect(token.level).toBe(level);
    token.runSync(() => expectActingAs(world.alice));
  });

  test('identification: the token cannot be entered', async () => {
    using token = await prove(clientHello, proofOf(world.alice, 'identification'));
    expect([token.level, token.user.id]).toEqual(['identification', world.alice.id]);
    expect(() => token.runSync(() => undefined)).toThrow(
      expect.objectContaining({ code: 'ERR_TOKEN_LEVEL' }) as Error,
    );
    expectActingAsService();
  });
});

describe('an unauthenticated client', () => {
  const unauthenticated: [string, string, Level][] = [
    ['ANONYMOUS LOGON', 'S-1-5-7', 'impersonation'],
    ['Guest', 'S-1-5-21-1000-2000-3000-501', 'impersonation'],
    ['somebody of level anonymous', 'S-1-5-21-1000-2000-3000-1777', 'anonymous'],
  ];
  const define = (sid: string): void => {
    seam().defineUser({ name: 'nobody', domain, password: 'none', sid });
  };

  test.each(unauthenticated)('%s is rejected', async (_name, sid, level) => {
    define(sid);
    const handles = world.handleCount();
    const error = await rejected(server.handshake().step(clientProof(`nobody@${domain}`, 'none', level)));
    expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_HANDSHAKE_ANONYMOUS' });
    expect(world.handleCount()).toBeLessThanOrEqual(handles + 2);
  });

  test.each(unauthenticated)('%s is accepted with allowAnonymous', async (_name, sid, level) => {
    define(sid);
    using open = new NegotiateServer({ allowAnonymous: true });
    const { token } = await open.handshake().step(clientProof(`nobody@${domain}`, 'none', level));
    expect([token?.user.id, token?.level]).toEqual([sid, level]);
    token?.close();
  });

  test('another account with the RID 501 is accepted', async () => {
    define('S-1-5-32-501');
    using token = await prove(clientProof(`nobody@${domain}`, 'none'));
    expect(token.user.id).toBe('S-1-5-32-501');
  });
});

describe('failed authentication', () => {
  const locked = {
    name: 'locked',
    domain,
    password: 'right',
    sid: 'S-1-5-21-1000-2000-3000-1501',
    error: 1909,
  };
  const expired = { ...locked, name: 'expired', sid: 'S-1-5-21-1000-2000-3000-1502', error: 1793 };
  const denied = { code: 'SEC_E_LOGON_DENIED', errno: 0x8009030c | 0 };
  const invalid = { code: 'SEC_E_INVALID_TOKEN', errno: 0x80090308 | 0 };
  const cases: [string, Buffer, object][] = [
    ['a wrong password', clientProof(as(world.alice), 'wrong-horse'), denied],
    ['an unknown user', clientProof(`mallory@${domain}`, 'x'), denied],
    ['an account locked out', clientProof(`locked@${domain}`, 'right'), denied],
    ['an expired account', clientProof(`expired@${domain}`, 'right'), denied],
    ['garbage', Buffer.from([0, 255, 1, 254]), invalid],
    ['a proof without an end', Buffer.from('SEAM impersonation'), invalid],
  ];

  beforeEach(() => {
    seam().defineUser(locked);
    seam().defineUser(expired);
  });

  test.each(cases)(
    '%s closes the handshake, in the first message and in the second',
    async (_name, message, fields) => {
      for (const first of [[], [clientHello]]) {
        const handshake = server.handshake();
        for (const hello of first) await handshake.step(hello);
        const error = await rejected(handshake.step(message));
        expect(error).toMatchObject({
          name: 'ImpersonationError',
          syscall: 'AcceptSecurityContext',
          ...fields,
        });
        expect(error.message).not.toMatch(/wrong-horse|right/);
        expect([handshake.closed, seam().outstanding().contexts]).toEqual([true, 0]);
        expect(await rejected(handshake.step(proofOf(world.alice)))).toMatchObject({
          code: 'ERR_HANDSHAKE_CLOSED',
        });
      }
    },
  );
});

test('clients with interleaved messages are never mistaken for each other', async () => {
  const handles = world.handleCount();
  for (let round = 0; round < 10; round++) {
    const clients = Array.from({ length: 100 }, (_, n) => ({
      who: (n + round) % 2 === 0 ? world.alice : world.bob,
      handshake: server.handshake(),
    }));
    await Promise.all(clients.map(({ handshake }) => handshake.step(clientHello)));
    if (round % 2 === 1) clients.reverse();
    const users = clients.map(async ({ who, handshake }) => {
      using token = (await handshake.step(proofOf(who))).token;
      return token?.user.id;
    });
    expect(await Promise.all(users)).toEqual(clients.map(({ who }) => who.id));
  }
  expect(await settledHandles(handles + 8)).toBeLessThanOrEqual(handles + 8);
});
