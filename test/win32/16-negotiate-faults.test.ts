import { NegotiateServer, Token } from 'impersonate';
import { expectActingAsService } from '../support/acting';
import { caught, rejected, type Caught } from '../support/errors';
import { clientHello, clientProof, seam, toComplete } from '../support/seam';
import { domain, world } from '../support/world-win32';

const addon = 'impersonate.node';
const none = { lsaConnections: 0, lsaBuffers: 0, credentials: 0, contexts: 0, contextBuffers: 0 };
const proof = clientProof(`alice@${domain}`, 'alice');
const memory = 0x80090300 | 0;

afterEach(() => {
  seam().clearFaults();
});

/** A server and a client of that many legs, from beginning to end. */
async function handshake(legs: readonly Buffer[]): Promise<void> {
  using server = new NegotiateServer();
  const client = server.handshake();
  for (const leg of legs) (await client.step(leg)).token?.close();
}

const status = { error: 0, returns: memory };
const bool = { error: 8, returns: 0 };
const calls: [string, object][] = [
  ['QuerySecurityPackageInfoW', status],
  ['AcquireCredentialsHandleW', status],
  ['AcceptSecurityContext', status],
  ['CompleteAuthToken', status],
  ['QuerySecurityContextToken', status],
  ...['GetTokenInformation', 'DuplicateTokenEx', 'CopySid', 'InitializeAcl', 'AddAccessAllowedAce'].map(
    (name): [string, object] => [name, bool],
  ),
  ...['InitializeSecurityDescriptor', 'SetSecurityDescriptorDacl', 'OpenThreadToken'].map(
    (name): [string, object] => [name, bool],
  ),
];

// Each call of each kind fails in turn, until the handshake gets by without that many.
test.each(calls)('a handshake that fails at %s leaves nothing behind', async (call, fault) => {
  const legs = [toComplete(clientHello), toComplete(proof)];
  await handshake(legs);
  const [handles, count] = [world.handleCount(), Token.count];
  let failures = 0;
  for (let skip = 0; skip < 20; skip++) {
    try {
      seam().failImport(addon, call, { error: 8, ...fault, skip, times: 1, late: true });
      await handshake(legs);
      if (seam().importCalls(addon, call) <= skip) break;
    } catch (error) {
      failures++;
      expect(typeof (error as Caught).code).toBe('string');
    } finally {
      seam().clearFaults();
    }
    expectActingAsService();
    expect(seam().outstanding()).toEqual(none);
  }
  expect(Token.count).toBe(count);
  expect(world.handleCount()).toBeLessThanOrEqual(handles + 4);
  expect(failures).toBeLessThan(20);
});

test.each<[string, object, object]>([
  ['AcceptSecurityContext', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
  ['CompleteAuthToken', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
  ['QuerySecurityContextToken', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
  ['DuplicateTokenEx', bool, { code: 'ERROR_NOT_ENOUGH_MEMORY', errno: 8 }],
  ['GetTokenInformation', bool, { code: 'ERROR_NOT_ENOUGH_MEMORY', errno: 8 }],
])('a leg passes on the error of %s', async (call, fault, fields) => {
  using server = new NegotiateServer();
  expect(seam().failImport(addon, call, { error: 8, ...fault })).not.toEqual([]);
  const client = server.handshake();
  const error = await rejected(client.step(toComplete(proof)));
  expect(error).toMatchObject({ name: 'ImpersonationError', syscall: call, ...fields });
  expect([client.closed, seam().outstanding().contexts]).toEqual([true, 0]);
});

test.each(['QuerySecurityPackageInfoW', 'AcquireCredentialsHandleW'])(
  'the server passes on the error of %s',
  (call) => {
    seam().failImport(addon, call, { ...status, returns: 0x8009030e | 0 });
    expect(caught(() => new NegotiateServer())).toMatchObject({
      name: 'ImpersonationError',
      code: 'SEC_E_NO_CREDENTIALS',
      syscall: call,
    });
  },
);

test('there is no server for a thread that cannot act as the process', () => {
  seam().failImport(addon, 'SetThreadToken', { ...bool, times: 1 });
  expect(caught(() => new NegotiateServer())).toMatchObject({ syscall: 'SetThreadToken' });
  expect(seam().outstanding()).toEqual(none);
});

test('a status without a name has its number', async () => {
  using server = new NegotiateServer();
  seam().failImport(addon, 'AcceptSecurityContext', { ...status, returns: 0x80091234 | 0 });
  expect(await rejected(server.handshake().step(proof))).toMatchObject({
    code: 'SEC_E_0x80091234',
    errno: 0x80091234 | 0,
  });
});

test('a success that means nothing here proves nothing', async () => {
  using server = new NegotiateServer();
  // SEC_I_RENEGOTIATE
  seam().failImport(addon, 'AcceptSecurityContext', { error: 0, returns: 0x00090321 });
  const client = server.handshake();
  expect(await rejected(client.step(proof))).toMatchObject({ syscall: 'AcceptSecurityContext' });
  expect(client.closed).toBe(true);
});

test('at the limit of tokens the client is turned away', async () => {
  using server = new NegotiateServer();
  const limit = Token.limit;
  using _one = Token.process();
  Token.limit = Token.count;
  try {
    expect(await rejected(server.handshake().step(proof))).toMatchObject({ code: 'ERR_TOKEN_LIMIT' });
  } finally {
    Token.limit = limit;
  }
  expect(seam().outstanding()).toMatchObject({ contexts: 0, contextBuffers: 0 });
});
