import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connectPeer, createPeerServer, type PeerServer, Token } from 'impersonate';
import { expectActingAsService } from '../support/acting';
import { caught, rejected, type Caught } from '../support/errors';
import { listening, newAddress } from '../support/peers';
import { seam } from '../support/seam';
import { world } from '../support/world-win32';

const addon = 'impersonate.node';
const nobody = (): void => {};
const cannotImpersonate = 1368;

afterEach(() => {
  seam().clearFaults();
});

const refusal = (server: PeerServer): Promise<Caught> =>
  once(server, 'clientError').then(([error]) => error as Caught);

describe('a client that is not known before it writes', () => {
  const unknown = (times = 1): void => {
    seam().failImport(addon, 'ImpersonateNamedPipeClient', { error: cannotImpersonate, times });
  };

  test('arrives once it has, with all that it wrote', async () => {
    using server = await listening((socket, token) => {
      socket.once('data', (data) => socket.end(`${String(data)} of ${token.user.id}`));
    });
    unknown();
    const client = await connectPeer(server.address() ?? '');
    client.write('first words');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(String(answer)).toBe(`first words of ${world.serviceId}`);
    client.destroy();
  });

  test.each<[string, (client: Socket) => void, string]>([
    ['does not write in time', () => {}, 'ERR_PEER_TIMEOUT'],
    ['leaves', (client) => client.destroy(), 'ERR_SOCKET_CLOSED'],
  ])('and %s is turned away', async (_name, act, code) => {
    using server = await listening(
      () => {
        throw new Error('arrived');
      },
      { identifyTimeout: 300 },
    );
    unknown();
    const refused = refusal(server);
    const client = await connectPeer(server.address() ?? '');
    client.on('error', nobody).resume();
    act(client);
    expect((await refused).code).toBe(code);
  });

  test('and not then either, is turned away', async () => {
    using server = await listening(nobody);
    unknown(2);
    const refused = refusal(server);
    const client = await connectPeer(server.address() ?? '');
    client.on('error', nobody).write('hello');
    expect(await refused).toMatchObject({
      code: 'ERROR_CANNOT_IMPERSONATE',
      syscall: 'ImpersonateNamedPipeClient',
    });
    client.destroy();
  });
});

test('Token.fromPeer before the first read says what to wait for', async () => {
  using server = await listening(nobody);
  const arrival = once(server, 'connection') as Promise<[Socket]>;
  const client = await connectPeer(server.address() ?? '');
  const [socket] = await arrival;
  seam().failImport(addon, 'ImpersonateNamedPipeClient', { error: cannotImpersonate });
  expect(caught(() => Token.fromPeer(socket))).toMatchObject({
    code: 'ERROR_CANNOT_IMPERSONATE',
    errno: cannotImpersonate,
    message: expect.stringContaining('has been read') as string,
  });
  client.destroy();
});

test('a client of level anonymous is turned away, and says why', async () => {
  using server = await listening(nobody);
  seam().failImport(addon, 'OpenThreadToken', { error: 1347, skip: 1, times: 1 });
  const refused = refusal(server);
  const client = await connectPeer(server.address() ?? '');
  client.on('error', nobody);
  expect(await refused).toMatchObject({
    code: 'ERROR_CANT_OPEN_ANONYMOUS',
    message: expect.stringContaining('does not say who it is') as string,
  });
  client.destroy();
  expectActingAsService();
});

describe('a system call that fails', () => {
  test.each(['CreateEventW', 'CreateNamedPipeW', 'ConvertStringSecurityDescriptorToSecurityDescriptorW'])(
    '%s, each in turn: the server does not start, and nothing is left',
    async (call) => {
      const handles = world.handleCount();
      for (let skip = 0; skip < 10; skip++) {
        const returns = call === 'CreateNamedPipeW' ? -1 : 0;
        seam().failImport(addon, call, { error: 8, skip, returns });
        const server = createPeerServer();
        const failed = await server.listen(newAddress()).then(
          () => undefined,
          (error: unknown) => error as Caught,
        );
        server.close();
        seam().clearFaults();
        if (!failed) break;
        expect(failed).toMatchObject({ code: 'ERROR_NOT_ENOUGH_MEMORY', syscall: call });
      }
      expect(world.handleCount()).toBeLessThanOrEqual(handles + 2);
    },
  );

  test.each(['GetNamedPipeInfo', 'ImpersonateNamedPipeClient', 'DuplicateTokenEx', 'GetTokenInformation'])(
    '%s: the client is turned away, the next one is not',
    async (call) => {
      using server = await listening((socket) => socket.end());
      seam().failImport(addon, call, { error: 5, times: 1 });
      const refused = refusal(server);
      (await connectPeer(server.address() ?? '')).on('error', nobody).resume();
      expect((await refused).code).toMatch(/^ERR/);
      seam().clearFaults();
      const next = await connectPeer(server.address() ?? '');
      await once(next.on('error', nobody).resume(), 'close');
      expectActingAsService();
    },
  );

  test.each([
    ['CreateFileW', 5, 'ERROR_ACCESS_DENIED', -1],
    ['GetSecurityInfo', 0, 'ERROR_ACCESS_DENIED', 5],
  ])('%s: connectPeer rejects', async (call, error, code, returns) => {
    using server = await listening(nobody);
    seam().failImport(addon, call, { error, returns });
    const attempt = connectPeer(server.address() ?? '', { server: world.serviceId });
    expect(await rejected(attempt)).toMatchObject({ code, syscall: call });
  });
});

test.each([['D:'.slice(0, 1)], ['D:NO_ACCESS_CONTROL'], ['O:SY'], ['nonsense']])(
  'the security descriptor %p is refused',
  async (securityDescriptor) => {
    const error = await rejected(createPeerServer({ securityDescriptor }).listen(newAddress()));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
  },
);
