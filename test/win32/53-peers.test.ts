import { once } from 'node:events';
import type { Socket } from 'node:net';
import {
  connectPeer,
  createPeerServer,
  type ImpersonationLevel,
  type PeerServer,
  type PeerServerOptions,
  Token,
} from 'impersonate';
import { expectActingAsService } from '../support/world/acting';
import { caught, rejected, type Caught } from '../support/errors';
import { anybody, listening, newAddress } from '../support/network/peers';
import { seam } from '../support/win32/seam';
import { world } from '../support/world/win32';

const addon = 'impersonate.node';
const ignore = (): void => {};
const cannotImpersonate = 1368;

afterEach(() => {
  seam().clearFaults();
});

const refusal = (server: PeerServer): Promise<Caught> =>
  once(server, 'clientError').then(([error]) => error as Caught);

describe('a client that is identified only after it writes', () => {
  const unknown = (times = 1): void => {
    seam().failImport(addon, 'ImpersonateNamedPipeClient', { error: cannotImpersonate, times });
  };

  test('arrives after it has written, with all its data', async () => {
    using server = await listening((socket, token) => {
      socket.once('data', (data) => socket.end(`${String(data)} of ${token.user.id}`));
    });
    unknown();
    const client = await connectPeer(server.address() ?? '');
    client.write('first words');
    const [reply] = (await once(client, 'data')) as [Buffer];
    expect(String(reply)).toBe(`first words of ${world.serviceId}`);
    client.destroy();
  });

  test.each<[string, (client: Socket) => void, string]>([
    ['does not write in time', () => {}, 'ERR_PEER_TIMEOUT'],
    ['leaves', (client) => client.destroy(), 'ERR_SOCKET_CLOSED'],
  ])('and %s is rejected', async (_name, act, code) => {
    using server = await listening(
      () => {
        throw new Error('arrived');
      },
      { identifyTimeout: 300 },
    );
    unknown();
    const refused = refusal(server);
    const client = await connectPeer(server.address() ?? '');
    client.on('error', ignore).resume();
    act(client);
    expect((await refused).code).toBe(code);
  });

  test('counts towards maxConnections while it waits', async () => {
    using server = await listening(ignore, { ...anybody, maxConnections: 2, identifyTimeout: 60_000 });
    unknown(3);
    const dropped = once(server, 'drop');
    const clients: Socket[] = [];
    for (let n = 0; n < 3; n++) {
      clients.push((await connectPeer(server.address() ?? '')).on('error', ignore).resume());
    }
    await dropped;
    expect(server.connections).toBe(0);
    for (const client of clients) client.destroy();
  });

  test('and not even then, is rejected', async () => {
    using server = await listening(ignore);
    unknown(2);
    const refused = refusal(server);
    const client = await connectPeer(server.address() ?? '');
    client.on('error', ignore).write('hello');
    expect(await refused).toMatchObject({
      code: 'ERROR_CANNOT_IMPERSONATE',
      syscall: 'ImpersonateNamedPipeClient',
    });
    client.destroy();
  });
});

test('Token.fromPeer before the first read names what to wait for', async () => {
  using server = await listening(ignore);
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

describe('a system call that fails', () => {
  test.each(['CreateEventW', 'CreateNamedPipeW', 'ConvertStringSecurityDescriptorToSecurityDescriptorW'])(
    '%s, each in turn: the server does not start and leaves nothing',
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
    '%s: the client is rejected, the next one is not',
    async (call) => {
      using server = await listening((socket) => socket.end());
      seam().failImport(addon, call, { error: 5, times: 1 });
      const refused = refusal(server);
      (await connectPeer(server.address() ?? '')).on('error', ignore).resume();
      expect((await refused).code).toMatch(/^ERR/);
      seam().clearFaults();
      const next = await connectPeer(server.address() ?? '');
      await once(next.on('error', ignore).resume(), 'close');
      expectActingAsService();
    },
  );

  test.each([
    ['CreateFileW', 5, 'ERROR_ACCESS_DENIED', -1],
    ['GetSecurityInfo', 0, 'ERROR_ACCESS_DENIED', 5],
  ])('%s: connectPeer rejects', async (call, error, code, returns) => {
    using server = await listening(ignore);
    seam().failImport(addon, call, { error, returns });
    const attempt = connectPeer(server.address() ?? '', { server: world.serviceId });
    expect(await rejected(attempt)).toMatchObject({ code, syscall: call });
  });
});

const records = (call: string): string[] =>
  seam()
    .takeAuthorityRecords()
    .filter((record) => record.function === call)
    .map(({ subject }) => subject);

describe('the pipe of a peer server', () => {
  // 0x12018b is to connect, read and write, without FILE_APPEND_DATA.
  const ours = `O:${world.serviceId}D:P(A;;FA;;;${world.serviceId})(A;;FA;;;SY)(A;;FA;;;BA)`;
  const pipeSecurity = (options: PeerServerOptions): Promise<string[]> => {
    seam().takeAuthorityRecords();
    return createPeerServer(options)
      .listen(newAddress())
      .then((server) => {
        server.close();
        return records('CreateNamedPipeW');
      });
  };

  test.each<[PeerServerOptions, string]>([
    [{}, ours],
    [{ allow: [world.bob.id] }, `${ours}(A;;0x12018b;;;${world.bob.id})`],
    [{ allow: ['authenticated-users', 'interactive'] }, `${ours}(A;;0x12018b;;;AU)(A;;0x12018b;;;IU)`],
    [{ securityDescriptor: 'D:(A;;FA;;;SY)' }, `O:${world.serviceId}D:(A;;FA;;;SY)`],
    [{ securityDescriptor: 'O:SYD:P(A;;FA;;;SY)' }, 'O:SYD:P(A;;FA;;;SY)'],
  ])('with %j has that security, in each of its instances', async (options, sddl) => {
    const made = await pipeSecurity(options);
    // Duplex, overlapped and first instance; byte mode, and no clients of other computers.
    const first = 0x3 | 0x4000_0000 | 0x8_0000;
    const flags = [first, ...Array.from({ length: 7 }, () => first ^ 0x8_0000)];
    expect(made).toEqual(flags.map((open) => `${String(open)} 8 ${sddl}`));
  });

  test.each([['D'], ['O:SY'], ['nonsense']])(
    'cannot be made with the security descriptor %p',
    async (text) => {
      seam().takeAuthorityRecords();
      const server = createPeerServer({ securityDescriptor: text });
      expect(await rejected(server.listen(newAddress()))).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_VALUE',
      });
      expect(records('CreateNamedPipeW')).toEqual([]);
    },
  );
});

describe('the level a client connects at', () => {
  const levels: ImpersonationLevel[] = ['anonymous', 'identification', 'impersonation', 'delegation'];
  const sqos = 0x10_0000 | 0x8_0000 | 0x4000_0000;
  const access = 0x12_0089 | 0x2 | 0x100;

  test.each(levels)('is requested: %s', async (level) => {
    const number = levels.indexOf(level);
    using server = await listening(ignore);
    for (const [options, tracking] of [
      [{ level }, 0],
      [{ level, server: world.serviceId }, 0x4_0000],
    ] as const) {
      seam().takeAuthorityRecords();
      server.once('clientError', ignore);
      (await connectPeer(server.address() ?? '', options)).on('error', ignore).destroy();
      expect(records('CreateFileW')).toEqual([
        `${String(access)} ${String(sqos | tracking | (number << 16))}`,
      ]);
    }
  });

  test.each(levels.slice(1))('is the level of the token: %s', async (level) => {
    using server = await listening(ignore);
    const arrival = once(server, 'connection') as Promise<[Socket, Token]>;
    const client = await connectPeer(server.address() ?? '', { level });
    const [socket, token] = await arrival;
    using again = Token.fromPeer(socket);
    expect([token.level, again.level, token.user.id]).toEqual([level, level, world.serviceId]);
    const work = (): string => token.runSync(() => 'done');
    if (level === 'identification') expect(caught(work).code).toBe('ERR_TOKEN_LEVEL');
    else expect(work()).toBe('done');
    client.destroy();
  });

  test('anonymous: the client is rejected, and the server gets the reason', async () => {
    using server = await listening(ignore);
    const refused = refusal(server);
    const client = await connectPeer(server.address() ?? '', { level: 'anonymous' });
    client.on('error', ignore).resume();
    expect(await refused).toMatchObject({
      code: 'ERROR_CANT_OPEN_ANONYMOUS',
      message: expect.stringContaining('hides its identity') as string,
    });
    expectActingAsService();
  });
});
