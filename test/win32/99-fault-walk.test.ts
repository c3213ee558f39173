import { once } from 'node:events';
import { closeSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import {
  connectPeer,
  createPeerServer,
  enablePrivileges,
  NegotiateClient,
  NegotiateServer,
  Token,
} from 'impersonate';
import type { NativeProgram, NativeProgramOptions, ProgramUser } from '../../types/native-program';
import { unknownImports, walkFaults } from '../support/win32/fault-walk';
import { newAddress } from '../support/network/peers';
import { idOf, native, optionsOf } from '../support/win32/programs';
import { clientHello, clientProof, seam, serverLast, toComplete } from '../support/win32/seam';
import { domain, everyone, world } from '../support/world/win32';

const { alice, bob } = world;
const shutdown = 'SeShutdownPrivilege';
const computer = String(process.env.COMPUTERNAME);
const carol = `${alice.id}9`;
const pairingToken = 'paired';

beforeAll(() => {
  const password = 'right';
  seam().defineUser({ name: 'carol', domain: '.', password, sid: carol });
  seam().defineUser({ name: 'locked', domain, password, sid: `${alice.id}8`, error: 1909 });
  seam().defineUser({ name: 'guest', domain: '.', password, sid: 'S-1-5-21-1000-2000-3000-501' });
});

test('every imported function of the security libraries is tested or excluded for a reason', () => {
  expect(unknownImports()).toEqual([]);
});

const closing =
  (made: () => Promise<Token> | Token, user: string): (() => Promise<void>) =>
  async () => {
    using token = await made();
    expect(token.user.id).toBe(user);
  };
const refused =
  (made: () => Promise<unknown>, expected: string): (() => Promise<void>) =>
  async () => {
    await made().catch((error: unknown) => {
      if ((error as { code?: string }).code !== expected) throw error;
    });
  };

async function shake(messages: readonly Buffer[], user: string): Promise<void> {
  using server = new NegotiateServer();
  using client = server.handshake();
  let token: Token | undefined;
  for (const message of messages) token = (await client.step(message)).token;
  try {
    expect(token?.user.id).toBe(user);
  } finally {
    token?.close();
  }
}

/** Authenticates the user to another service, with TLS. */
async function reach(): Promise<void> {
  using client = new NegotiateClient();
  using handshake = client.handshake({ target: 'HTTP/back', token, channelBindings: Buffer.from('tls') });
  await handshake.step();
  expect(await handshake.step(toComplete(serverLast))).toMatchObject({ done: true });
}

/** Waits for a client to be accepted or rejected. */
async function meet(): Promise<void> {
  using server = createPeerServer({ allow: [bob.id] });
  const fate = new Promise<Error | undefined>((resolve) => {
    server.on('clientError', resolve).on('error', resolve);
    server.on('connection', (socket: Socket, token: Token) => {
      socket.on('error', () => {});
      try {
        using again = Token.fromPeer(socket);
        expect([token.user.id, again.user.id]).toEqual([world.serviceId, world.serviceId]);
        resolve(undefined);
      } catch (error) {
        resolve(error as Error);
      }
      socket.destroy();
    });
  });
  await server.listen(newAddress());
  const client = await connectPeer(server.address() ?? '', { server: world.serviceId });
  const closed = once(client.on('error', () => {}).resume(), 'close');
  const error = await fate;
  client.destroy();
  await closed;
  // A connection's token is closed with its socket.
  while (server.connections > 0) await nextTurn();
  if (error) throw error;
}

function requestOfIis(): { request: IncomingMessage; close: () => void } {
  const handle = alice.mint();
  const rawHeaders = ['MS-ASPNETCORE-TOKEN', pairingToken, 'MS-ASPNETCORE-WINAUTHTOKEN', handle.toString(16)];
  const socket = { remoteAddress: '127.0.0.1', remoteFamily: 'IPv4' };
  const close = (): void => seam().closeHandle(handle);
  return { request: { rawHeaders, socket } as unknown as IncomingMessage, close };
}

function fromIis(): void {
  const { request, close } = requestOfIis();
  let adopted: Token;
  try {
    adopted = Token.fromIisRequest(request, { pairingToken });
  } catch (error) {
    // A rejected request does not close the handle.
    close();
    throw error;
  }
  using token = adopted;
  expect(token.user.id).toBe(alice.id);
}

/** Runs a program with pipes to its end. `user` is a token's number or a logon. */
async function runToEnd(user: () => ProgramUser, changes: Partial<NativeProgramOptions> = {}): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const options = optionsOf('whoami', ['/user'], { stdio: [null, 'pipe', 'overlapped'], ...changes });
    const started = native.startProgram(user(), options, () => {
      native.closeProgram((started as NativeProgram).id);
      resolve();
    });
    if (typeof started === 'number') {
      const code = getSystemErrorName(started);
      reject(Object.assign(new Error(`spawn ${code}`), { code: `ERR_${code}` }));
    } else {
      for (const fd of started.descriptors) if (fd >= 0) closeSync(fd);
    }
  });
}

const byToken = (): number => idOf(token);
const byPassword = (): ProgramUser => {
  const account = { user: 'alice', domain, type: 2, provider: 0, service: '' };
  return native.prepareLogon(account, 'alice');
};
/** The error for which the service Secondary Logon starts the program: the call never succeeds. */
const withoutRight = (): void => {
  seam().failImport('impersonate.node', 'CreateProcessAsUserW', { error: 1314, times: Infinity, late: true });
};

let token: Token;
beforeAll(async () => {
  token = await alice.token();
  // Each thread keeps a little memory from its first exception.
  expect(() => token.restrict({ denyOnly: ['S-1-x'] })).toThrow();
  const nowhere = (): Promise<unknown> => token.canAccess('C:\\nowhere', 'read').catch(() => {});
  await Promise.all(Array.from({ length: 200 }, nowhere));
});
afterAll(() => {
  token.close();
});

const sddl = `O:SYG:SYD:(A;;GR;;;${alice.id})`;
const mayRead = async (target: Parameters<Token['canAccess']>[0]): Promise<void> => {
  expect(await token.canAccess(target, 'read')).toBe(true);
};
const self = new Uint8Array([
  ...[1, 0, 0x04, 0x80, 20, 0, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0],
  ...[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0],
  ...[2, 0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0, 0x89, 0, 0x12, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
]);

const logonTypes = ['network', 'interactive', 'networkCleartext', 'batch', 'service', 'unlock'] as const;
const messages = [toComplete(clientHello), toComplete(clientProof(`alice@${domain}`, 'alice'))];
/** When a program has ended, its job releases what it has started. If that fails, it ends. */
const job = ['SetInformationJobObject'];
/** What the work completes without. */
const survivals: Readonly<Record<string, string[]>> = {
  // The groups of the token decide.
  'what a token can delegate': ['LsaGetLogonSessionData'],
  // The resources with which a pipe server waits for the next client.
  'a peer': ['ConnectNamedPipe', 'CreateEventW', 'CreateNamedPipeW'],
  'a program': job,
  'a program in a folder, with variables': job,
  // The profile of a program that has ended stays loaded.
  'a program with the profile': ['OpenThreadToken', ...job],
  'a program by Secondary Logon': ['CreateProcessAsUserW', ...job],
  'a program with a logon': job,
  'a program with a logon, with the user’s environment': job,
};
const works: [string, () => unknown][] = [
  ...logonTypes.map((type): [string, () => unknown] => [
    `a logon: ${type}`,
    closing(() => Token.logon(alice.logon({ type })), alice.id),
  ]),
  [
    'a logon: newCredentials',
    closing(() => Token.logon(alice.logon({ type: 'newCredentials' })), world.serviceId),
  ],
  [
    'a logon with a wrong password',
    refused(() => Token.logon(alice.logon({ password: 'x' })), 'ERROR_LOGON_FAILURE'),
  ],
  [
    'a logon of an account locked out',
    refused(() => Token.logon({ user: 'locked', domain, password: 'right' }), 'ERROR_ACCOUNT_LOCKED_OUT'),
  ],
  [
    'a logon as a guest',
    refused(() => Token.logon({ user: 'guest', password: 'right' }), 'ERROR_LOGON_FAILURE'),
  ],
  ['S4U of a domain’s user', closing(() => Token.forUser(`${domain}\\alice`), alice.id)],
  ['S4U by a UPN', closing(() => Token.forUser(`alice@${domain}`), alice.id)],
  ['S4U of a local user', closing(() => Token.forUser(`${computer}\\carol`), carol)],
  ['S4U of an unknown user', refused(() => Token.forUser('nobody'), 'ERR_UNKNOWN_USER')],
  [
    'S4U of an account locked out',
    refused(() => Token.forUser(`${domain}\\locked`), 'ERROR_ACCOUNT_LOCKED_OUT'),
  ],
  ['a handshake of one message', () => shake(messages.slice(1), alice.id)],
  ['a handshake of two messages', () => shake(messages, alice.id)],
  [
    'a handshake that ends with garbage',
    refused(() => shake([clientHello, Buffer.from([0, 255])], alice.id), 'SEC_E_INVALID_TOKEN'),
  ],
  ['an outgoing handshake', reach],
  [
    'what a token can delegate',
    async () => {
      using remote = await Token.forUser(`${domain}\\alice`);
      expect(remote.delegation).toBe('constrained');
    },
  ],
  ['a peer', meet],
  ['a request of IIS', fromIis],
  ['an anonymous token', closing(() => Token.anonymous(), 'S-1-5-7')],
  ['a lower level', closing(() => token.duplicate({ level: 'identification' }), alice.id)],
  [
    'a restricted token',
    closing(
      () =>
        token.restrict({
          denyOnly: [alice.group],
          restrictingSids: [everyone],
          removePrivileges: [shutdown],
          integrity: 'low',
        }),
      alice.id,
    ),
  ],
  [
    'a linked token',
    () => {
      using service = Token.process();
      using linked = service.linked();
      expect(linked?.user.id).toBe(world.serviceId);
    },
  ],
  [
    'privileges',
    () => {
      using scope = enablePrivileges([shutdown]);
      expect(scope.active).toBe(true);
    },
  ],
  ['an access check of text', () => mayRead({ sddl })],
  ['an access check of bytes', () => mayRead({ securityDescriptor: self })],
  ['an access check of a path', () => mayRead('C:\\')],
  ['a program', () => runToEnd(byToken)],
  ['a program in a folder, with variables', () => runToEnd(byToken, { cwd: 'C:\\', env: ['A=1'] })],
  ['a program with the profile', () => runToEnd(byToken, { profile: true })],
  [
    'a program by Secondary Logon',
    () => {
      withoutRight();
      return runToEnd(byToken);
    },
  ],
  ['a program with a logon', () => runToEnd(byPassword, { env: ['A=1', 'PATH=C:\\windows\\system32'] })],
  ['a program with a logon, with the user’s environment', () => runToEnd(byPassword, { env: undefined })],
  [
    'a pool key',
    () => {
      using copy = token.duplicate();
      expect(copy.poolKey).toBe(token.poolKey);
    },
  ],
];

test.each(works)('%s: each call failing in turn leaves nothing behind', async (name, work) => {
  const { failed, survived, kept } = await walkFaults(work);
  expect(failed).toBeGreaterThan(2);
  expect({ survived, kept }).toEqual({ survived: survivals[name] ?? [], kept: 0 });
});
