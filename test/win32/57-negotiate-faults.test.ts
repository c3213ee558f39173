import { NegotiateServer, Token } from 'impersonate';
import { caught, rejected } from '../support/errors';
import { clientProof, seam, toComplete } from '../support/win32/seam';
import { domain } from '../support/world/win32';

const addon = 'impersonate.node';
const none = { lsaConnections: 0, lsaBuffers: 0, credentials: 0, contexts: 0, contextBuffers: 0 };
const proof = clientProof(`alice@${domain}`, 'alice');
const memory = 0x80090300 | 0;

afterEach(() => {
  seam().clearFaults();
});

const status = { error: 0, returns: memory };
const bool = { error: 8, returns: 0 };

test.each<[string, object, object]>([
  ['AcceptSecurityContext', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
  ['CompleteAuthToken', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
  ['QuerySecurityContextToken', status, { code: 'SEC_E_INSUFFICIENT_MEMORY', errno: memory }],
  ['DuplicateTokenEx', bool, { code: 'ERROR_NOT_ENOUGH_MEMORY', errno: 8 }],
  ['GetTokenInformation', bool, { code: 'ERROR_NOT_ENOUGH_MEMORY', errno: 8 }],
])('a handshake message passes on the error of %s', async (call, fault, fields) => {
  using server = new NegotiateServer();
  expect(seam().failImport(addon, call, { error: 8, ...fault })).not.toEqual([]);
  const client = server.handshake();
  const error = await rejected(client.step(toComplete(proof)));
  expect(error).toMatchObject({ name: 'ImpersonationError', syscall: call, ...fields });
  expect([client.closed, seam().outstanding().contexts]).toEqual([true, 0]);
});

test('the server passes on the error of AcquireCredentialsHandleW', () => {
  seam().failImport(addon, 'AcquireCredentialsHandleW', { ...status, returns: 0x8009030e | 0 });
  expect(caught(() => new NegotiateServer())).toMatchObject({
    name: 'ImpersonationError',
    code: 'SEC_E_NO_CREDENTIALS',
    syscall: 'AcquireCredentialsHandleW',
  });
});

test('cannot make a server on a thread that cannot act as the process', () => {
  seam().failImport(addon, 'SetThreadToken', { ...bool, times: 1 });
  expect(caught(() => new NegotiateServer())).toMatchObject({ syscall: 'SetThreadToken' });
  expect(seam().outstanding()).toEqual(none);
});

test('a status without a name is shown by its number', async () => {
  using server = new NegotiateServer();
  seam().failImport(addon, 'AcceptSecurityContext', { ...status, returns: 0x80091234 | 0 });
  expect(await rejected(server.handshake().step(proof))).toMatchObject({
    code: 'SEC_E_0x80091234',
    errno: 0x80091234 | 0,
  });
});

test('an unexpected success status does not authenticate', async () => {
  using server = new NegotiateServer();
  // SEC_I_RENEGOTIATE
  seam().failImport(addon, 'AcceptSecurityContext', { error: 0, returns: 0x00090321 });
  const client = server.handshake();
  expect(await rejected(client.step(proof))).toMatchObject({ syscall: 'AcceptSecurityContext' });
  expect(client.closed).toBe(true);
});

test('at the limit of tokens the client is rejected', async () => {
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
