import { NegotiateServer, Token } from 'impersonate';
import { rejected, type Caught } from '../support/errors';
import { clientProof, seam, type SidAndAttributes, type TokenSpec } from '../support/win32/seam';
import { domain, world } from '../support/world/win32';

const network = { sid: 'S-1-5-2' };
const networkCleartext = 8;
const none = { lsaConnections: 0, lsaBuffers: 0, credentials: 0, contexts: 0, contextBuffers: 0 };

function tokenWith(groups: readonly SidAndAttributes[], changes: Partial<TokenSpec> = {}): Token {
  const { spec } = world.alice;
  return Token.fromHandle(seam().mint({ ...spec, groups: [...spec.groups, ...groups], ...changes }), {
    adopt: true,
  });
}

beforeEach(() => {
  seam().takeAuthorityRecords();
});
afterEach(() => {
  seam().setLogonType(0);
  expect(seam().outstanding()).toEqual(none);
});

describe('token.delegation', () => {
  test.each<[string, readonly SidAndAttributes[], Partial<TokenSpec>, string]>([
    ['a logon with a password', [{ sid: 'S-1-5-4' }], {}, 'forwarded'],
    ['a service', [{ sid: 'S-1-5-6' }], { type: 'primary' }, 'forwarded'],
    ['a client of Kerberos', [network], {}, 'constrained'],
    [
      'a client of Kerberos that only identifies itself',
      [network],
      { level: 'identification' },
      'constrained',
    ],
    ['a client that allows delegation', [network], { level: 'delegation' }, 'forwarded'],
    ['a user that the directory named to a service', [network, { sid: 'S-1-18-2' }], {}, 'transition'],
    ['a client of NTLM', [network, { sid: 'S-1-5-64-10' }], {}, 'transition'],
    ['a client with a certificate', [network, { sid: 'S-1-5-64-14' }], {}, 'transition'],
    ['a client of Digest', [network, { sid: 'S-1-5-64-21' }], {}, 'transition'],
    ['a network logon in a deny-only group', [{ ...network, attributes: 0x10 }], {}, 'constrained'],
    ['ANONYMOUS LOGON', [network], { user: 'S-1-5-7' }, 'none'],
    ['a guest', [network], { user: 'S-1-5-21-1000-2000-3000-501' }, 'none'],
    ['a token of level anonymous', [], { level: 'anonymous' }, 'none'],
  ])('of %s', (_name, groups, changes, delegation) => {
    using token = tokenWith(groups, changes);
    expect(token.delegation).toBe(delegation);
  });

  test('of a network logon that keeps the password, if the authority reports the type', () => {
    using token = tokenWith([network]);
    seam().setLogonType(networkCleartext);
    expect(token.delegation).toBe('forwarded');
    seam().setLogonType(3);
    expect(token.delegation).toBe('constrained');
  });

  test('the authority is queried as the process, for network logons only', () => {
    using local = tokenWith([{ sid: 'S-1-5-4' }]);
    using remote = tokenWith([network]);
    local.runSync(() => [local.delegation, remote.delegation]);
    expect(seam().takeAuthorityRecords()).toMatchObject([
      { function: 'LsaGetLogonSessionData', sid: world.serviceId, level: 'none' },
    ]);
  });

  test('of the process, and of a token of forUser', async () => {
    using service = Token.process();
    expect(service.delegation).toBe('forwarded');
    using user = await Token.forUser(`${domain}\\alice`);
    expect(user.delegation).toBe('constrained');
  });
});

describe('extendedProtection', () => {
  const bindings = (text: string): Buffer => Buffer.from(`tls-server-end-point:${text}`);
  const connection = bindings('of the connection');
  const header = (data: Buffer): Buffer => {
    const bytes = Buffer.alloc(32);
    bytes.writeUInt32LE(data.length, 24);
    bytes.writeUInt32LE(32, 28);
    return Buffer.concat([bytes, data]);
  };
  const proof = clientProof(`alice@${domain}`, 'alice');
  const messageWith = (data: Buffer | undefined): Buffer =>
    data ? Buffer.concat([proof, Buffer.from(`\nbindings=${header(data).toString('hex')}`)]) : proof;
  const clients = {
    right: messageWith(connection),
    wrong: messageWith(bindings('of another connection')),
    none: messageWith(undefined),
  };
  type Protection = 'off' | 'allow' | 'require';

  async function outcomeOf(
    protection: Protection | undefined,
    client: keyof typeof clients,
    channelBindings?: Buffer,
  ): Promise<string> {
    using server = new NegotiateServer(protection && { extendedProtection: protection });
    const handshake = server.handshake(channelBindings && { channelBindings });
    const step = handshake.step(clients[client]);
    return await step.then(
      ({ token }) => {
        token?.close();
        return token ? 'accepted' : 'unfinished';
      },
      (error: unknown) => {
        const { code = '', syscall = '' } = error as Caught;
        return `${code} ${syscall}`.trim();
      },
    );
  }

  const bad = 'SEC_E_BAD_BINDINGS AcceptSecurityContext';
  test.each<[Protection | undefined, string, string, string]>([
    ['off', 'accepted', 'accepted', 'accepted'],
    ['allow', 'accepted', bad, 'accepted'],
    [undefined, 'accepted', bad, 'accepted'],
    ['require', 'accepted', bad, bad],
  ])(
    '%s, over TLS: clients with right bindings %s, wrong %s, none %s',
    async (protection, right, wrong, missing) => {
      expect(await outcomeOf(protection, 'right', connection)).toBe(right);
      expect(await outcomeOf(protection, 'wrong', connection)).toBe(wrong);
      expect(await outcomeOf(protection, 'none', connection)).toBe(missing);
    },
  );

  test.each<[Protection, string]>([
    ['off', 'accepted'],
    ['allow', 'accepted'],
    ['require', 'ERR_HANDSHAKE_REFUSED'],
  ])('%s, without TLS: %s', async (protection, outcome) => {
    for (const client of ['right', 'none'] as const)
      expect(await outcomeOf(protection, client)).toBe(outcome);
  });

  test('require without TLS makes no call', async () => {
    using server = new NegotiateServer({ extendedProtection: 'require' });
    seam().takeAuthorityRecords();
    const handshake = server.handshake();
    expect(await rejected(handshake.step(proof))).toMatchObject({ code: 'ERR_HANDSHAKE_REFUSED' });
    expect([handshake.closed, seam().takeAuthorityRecords()]).toEqual([true, []]);
  });
});
