import { createServer, request as send, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Token, type IisOptions } from 'impersonate';
import { linesOf } from '../support/children/child';
import { caught, type Caught } from '../support/errors';
import { expectActingAs } from '../support/world/acting';
import { seam } from '../support/win32/seam';
import { world } from '../support/world/win32';

const { alice } = world;
const pairingToken = '7d6bfe4b-7a3d-4b4e-8a5c-0f6f5a3f9d11';
const hex = (handle: bigint): string => handle.toString(16);
const isOpen = (handle: bigint): boolean => {
  try {
    seam().closeHandle(seam().duplicateHandle(handle));
    return true;
  } catch {
    return false;
  }
};

/** A request like the server's parser makes it. */
function request(
  headers: Record<string, string> | string[],
  remoteAddress: string | null = '127.0.0.1',
): IncomingMessage {
  const rawHeaders = Array.isArray(headers) ? headers : Object.entries(headers).flat();
  const remoteFamily = remoteAddress?.includes(':') ? 'IPv6' : 'IPv4';
  const socket = remoteAddress === null ? {} : { remoteAddress, remoteFamily };
  return { rawHeaders, socket } as unknown as IncomingMessage;
}

const paired = (handle: string): Record<string, string> => ({
  'MS-ASPNETCORE-TOKEN': pairingToken,
  'MS-ASPNETCORE-WINAUTHTOKEN': handle,
});

const refusal = (from: IncomingMessage, options: IisOptions = { pairingToken }): Caught =>
  caught(() => Token.fromIisRequest(from, options));

let handle: bigint;
beforeEach(() => {
  handle = alice.mint();
});
afterEach(() => {
  seam().clearFaults();
  if (isOpen(handle)) seam().closeHandle(handle);
});

test.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])(
  'the handle of a request from %s is taken over, once',
  (address) => {
    const from = request(paired(hex(handle)), address);
    using token = Token.fromIisRequest(from, { pairingToken });
    expect(token.user.id).toBe(alice.id);
    token.runSync(() => {
      expectActingAs(alice);
    });
    expect(isOpen(handle)).toBe(false);
    // Another token gets the number: the old request must not take it over.
    const others = Array.from({ length: 50 }, () => alice.mint());
    const error = refusal(from);
    expect(error.code).toBe('ERR_IIS_REQUEST_REFUSED');
    expect(error.message).toContain('adopted already');
    expect(others.every(isOpen)).toBe(true);
    for (const other of others) seam().closeHandle(other);
  },
);

test.each(['X-IIS-WindowsAuthToken', 'MS-PLATFORM-HANDLER-WINAUTHTOKEN'])(
  'without a pairing token %s counts, and only on demand',
  (name) => {
    const from = request({ [name]: hex(handle).toUpperCase() });
    expect(refusal(from).code).toBe('ERR_IIS_REQUEST_REFUSED');
    expect(isOpen(handle)).toBe(true);
    using token = Token.fromIisRequest(from, { pairingToken: false });
    expect(token.user.id).toBe(alice.id);
    expect(isOpen(handle)).toBe(false);
  },
);

test.each<[string, () => IncomingMessage, IisOptions?]>([
  ['another computer', () => request(paired(hex(handle)), '10.0.0.1')],
  ['another computer by IPv6', () => request(paired(hex(handle)), '::ffff:10.0.0.1')],
  ['an address like loopback', () => request(paired(hex(handle)), '::127.0.0.1')],
  ['no address', () => request(paired(hex(handle)), null)],
  [
    'another computer, unpaired',
    () => request({ 'X-IIS-WindowsAuthToken': hex(handle) }, '10.0.0.1'),
    { pairingToken: false },
  ],
  ['no pairing token', () => request({ 'MS-ASPNETCORE-WINAUTHTOKEN': hex(handle) })],
  [
    'a wrong pairing token',
    () => request({ ...paired(hex(handle)), 'MS-ASPNETCORE-TOKEN': `${pairingToken}x` }),
  ],
  [
    'two pairing tokens',
    () => request([...Object.entries(paired(hex(handle))).flat(), 'ms-aspnetcore-token', 'x']),
  ],
  [
    'two handles',
    () => request([...Object.entries(paired(hex(handle))).flat(), 'ms-aspnetcore-winauthtoken', '4']),
  ],
  ['handles in two headers', () => request({ ...paired(hex(handle)), 'X-IIS-WindowsAuthToken': '4' })],
  [
    'a header that a client may have sent through IIS',
    () => request({ 'MS-ASPNETCORE-TOKEN': pairingToken, 'X-IIS-WindowsAuthToken': hex(handle) }),
  ],
  ['a header that comes with a pairing token', () => request(paired(hex(handle))), { pairingToken: false }],
  ['no handle', () => request({ 'MS-ASPNETCORE-TOKEN': pairingToken })],
  ...[
    '',
    '0',
    '00000000',
    '0x4',
    '-4',
    ' 4',
    '4 ',
    '4,4',
    'g',
    '123456789',
    'ffffffff',
    '7fffffff',
    '4n',
    '１',
  ].map((text): [string, () => IncomingMessage] => [`the handle '${text}'`, () => request(paired(text))]),
])('%s throws, and the handle is not touched', (_what, from, ...[options]) => {
  const [handles, count] = [world.handleCount(), Token.count];
  const error = refusal(from(), options);
  expect(error).toMatchObject({ name: 'ImpersonationError', code: 'ERR_IIS_REQUEST_REFUSED' });
  expect(error.message).not.toContain(pairingToken);
  expect(isOpen(handle)).toBe(true);
  expect(Token.count).toBe(count);
  expect(world.handleCount()).toBeLessThanOrEqual(handles);
});

/** A new duplicate of the first handle of this process that is not a token. */
function handleOfSomethingElse(): bigint {
  for (let number = 4n; number < 4000n; number += 4n) {
    if (!isOpen(number)) continue;
    const copy = seam().duplicateHandle(number);
    try {
      Token.fromHandle(copy).close();
    } catch {
      return copy;
    }
    seam().closeHandle(copy);
  }
  throw new Error('all handles are those of tokens');
}

test('a handle of another kind throws and stays open', () => {
  const other = handleOfSomethingElse();
  try {
    expect(refusal(request(paired(hex(other)))).message).toContain('not that of an access token');
    expect(isOpen(other)).toBe(true);
  } finally {
    seam().closeHandle(other);
  }
});

test.each<[string, unknown, unknown]>([
  ['request', undefined, {}],
  ['request', {}, {}],
  ['options', request([]), null],
  ['options.pairingToken', request([]), { pairingToken: '' }],
  ['options.pairingToken', request([]), { pairingToken: true }],
  ['options.pairingToken', request([]), { pairingToken: 4 }],
  ['options.token', request([]), { token: 'x' }],
])('names the wrong argument %s', (argument, from, options) => {
  const error = caught(() => Token.fromIisRequest(from as never, options as never));
  expect(error.name).toBe('TypeError');
  expect(error.message).toContain(`"${argument}"`);
});

test.each(['DuplicateTokenEx', 'CloseHandle'])(
  '%s failing leaves no token, and the request may be tried again',
  (call) => {
    const from = request(paired(hex(handle)));
    Token.process().close();
    const [handles, count] = [world.handleCount(), Token.count];
    expect(seam().failImport('impersonate.node', call, { error: 8, times: 1 })).not.toEqual([]);
    expect(refusal(from)).toMatchObject({ code: 'ERROR_NOT_ENOUGH_MEMORY', syscall: call });
    seam().clearFaults();
    expect([isOpen(handle), Token.count]).toEqual([true, count]);
    Token.fromIisRequest(from, { pairingToken }).close();
    expect([isOpen(handle), Token.count]).toEqual([false, count]);
    expect(world.handleCount()).toBeLessThanOrEqual(handles - 1);
  },
);

test("the pairing token is the environment's first one; without one no handle is taken over", async () => {
  const lines = await linesOf(`
    const handle = world.alice.mint();
    const request = (token) => ({
      rawHeaders: ['MS-ASPNETCORE-TOKEN', token, 'MS-ASPNETCORE-WINAUTHTOKEN', handle.toString(16)],
      socket: { remoteAddress: '::1', remoteFamily: 'IPv6' },
    });
    const attempt = (token) => {
      try {
        const user = Token.fromIisRequest(request(token)).user.id;
        print(String(user === world.alice.id));
      } catch (error) {
        print(error.code);
      }
    };
    delete process.env.ASPNETCORE_TOKEN;
    attempt('undefined');
    attempt('');
    process.env.ASPNETCORE_TOKEN = '';
    attempt('');
    process.env.ASPNETCORE_TOKEN = 'first';
    attempt('second');
    process.env.ASPNETCORE_TOKEN = 'second';
    attempt('second');
    attempt('first');
  `);
  const [unset, wrong] = ['ERR_IIS_NOT_CONFIGURED', 'ERR_IIS_REQUEST_REFUSED'];
  expect(lines).toEqual([unset, unset, unset, wrong, wrong, 'true']);
});

describe('behind a server', () => {
  let server: Server;
  const outcomes: (string | undefined)[] = [];
  beforeAll(async () => {
    server = createServer((from, response) => {
      try {
        using token = Token.fromIisRequest(from, { pairingToken });
        outcomes.push(token.user.id);
      } catch (error) {
        outcomes.push((error as Caught).code);
      }
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => outcomes.splice(0));
  afterAll(() => {
    server.close();
  });
  const port = (): number => (server.address() as AddressInfo).port;

  test('a request of the local IIS arrives with its user', async () => {
    await new Promise<void>((resolve, reject) => {
      send({ port: port(), host: '127.0.0.1', headers: paired(hex(handle)), agent: false }, (response) => {
        response.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
    expect(outcomes).toEqual([alice.id]);
    expect(isOpen(handle)).toBe(false);
  });

  test('a second handle that Node drops from headers is detected', async () => {
    const lines = Object.entries(paired(hex(handle))).map(([name, value]) => `${name}: ${value}`);
    const text = [
      'GET / HTTP/1.1',
      'Host: x',
      ...lines,
      `ms-aspnetcore-TOKEN: x`,
      'Connection: close',
      '',
      '',
    ];
    await new Promise((resolve, reject) => {
      const socket = connect(port(), '127.0.0.1', () => socket.write(text.join('\r\n')));
      socket.resume().once('close', resolve).once('error', reject);
    });
    expect(outcomes).toEqual(['ERR_IIS_REQUEST_REFUSED']);
    expect(isOpen(handle)).toBe(true);
  });
});
