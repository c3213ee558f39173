import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net, { type Socket } from 'node:net';
import { connectPeer, createPeerServer, PeerServer, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { until } from '../support/children/progress';
import { caught, rejected } from '../support/errors';
import {
  anybody,
  isWindows,
  linesAs,
  listening,
  newAddress,
  plainServer,
  textOf,
} from '../support/network/peers';
import { product } from '../support/paths';
import { describeSwitching, expectActingAs, expectActingAsService } from '../support/world/acting';
import { settledHandles, world } from '../support/world/world';

const users = [world.alice, world.bob];
const ignore = { arrived: () => {} }.arrived;
/** The handles that Wine keeps of closed pipes. */
const few = isWindows ? 4 : 0;
/** Source of one connection that prints the reply of the server. */
const printReply = (path: string): string => `
  { const socket = await connectPeer(${JSON.stringify(path)});
    socket.setEncoding('utf8').write('hello');
    for await (const part of socket) print(part); }`;

async function closedPair(server: PeerServer): Promise<[Socket, Socket, Token]> {
  const arrival = once(server, 'connection') as Promise<[Socket, Token]>;
  const client = await connectPeer(server.address() ?? '');
  const [socket, token] = await arrival;
  return [client, socket, token];
}

describeSwitching('a peer of another process', () => {
  test.each(users)('arrives with its own token: $key', async (who) => {
    const seen: unknown[] = [];
    using server = await listening((socket, token) => {
      const inside = token.runSync(() => [world.canOpen(world.alice), world.canOpen(world.bob)]);
      seen.push([token.user.id, token.level, token.groups.some(({ id }) => id === who.group), inside]);
      socket.end(token.user.id);
    });
    expect(await linesAs(who, printReply(server.address() ?? ''))).toEqual([who.id]);
    expect(seen).toEqual([[who.id, 'impersonation', true, users.map((user) => user === who)]]);
  });

  test('is identified by Token.fromPeer at a server of node:net', async () => {
    const who = world.bob;
    const seen: unknown[] = [];
    const [server, path] = await plainServer((socket) => {
      socket.once('data', () => {
        using token = Token.fromPeer(socket);
        seen.push([token.user.id, token.level, token.runSync(() => world.whoAmI())]);
        socket.end(token.user.id);
      });
    });
    expect(await linesAs(who, printReply(path))).toEqual([who.id]);
    expect(seen).toEqual([[who.id, 'impersonation', who.id]]);
    server.close();
  });

  const each = isWindows ? 30 : 100;

  test("many connections of two users never get the other user's token, and leave nothing", async () => {
    let wrong = 0;
    const ids = new Map<string, number>();
    using server = await listening((socket, token) => {
      const { id } = token.user;
      ids.set(id, (ids.get(id) ?? 0) + 1);
      socket.once('data', (received) => {
        using again = Token.fromPeer(socket);
        if (String(received) !== id || again.user.id !== id) wrong += 1;
        socket.end();
      });
    });
    const path = server.address() ?? '';
    const [tokens, handles] = [Token.count, await settledHandles()];
    const client = (id: string): string => `
      const one = async () => { const socket = await connectPeer(${JSON.stringify(path)}); socket.write('${id}'); socket.resume(); await once(socket, 'close'); };
      const some = async () => { for (let n = 0; n < ${String(each / 10)}; n++) await one(); };
      await Promise.all(Array.from({ length: 10 }, some));`;
    await Promise.all(users.map((who) => linesAs(who, client(who.id))));
    expect([wrong, ...users.map(({ id }) => ids.get(id))]).toEqual([0, each, each]);
    await until(() => server.connections === 0);
    expect([server.connections, Token.count]).toEqual([0, tokens]);
    expect(await settledHandles(handles + few)).toBeLessThanOrEqual(handles + few);
  });
});

describe('Token.fromPeer', () => {
  test.each([[undefined], [null], [1], ['socket'], [{}], [{ _handle: { fd: 0 } }]])(
    'of %p is an argument error',
    (socket) => {
      const error = caught(() => Token.fromPeer(socket as never));
      expect(error).toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining('"socket"') as string,
      });
    },
  );

  test('of both ends of a TCP connection is an argument error', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const count = Token.count;
    for (const socket of [client, accepted]) {
      expect(caught(() => Token.fromPeer(socket))).toMatchObject({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_VALUE',
      });
      socket.destroy();
    }
    expect(Token.count).toBe(count);
    server.close();
  });

  test("throws for the client's own end, and for a socket that is closed or was never connected", async () => {
    using server = await listening(ignore);
    const [client, accepted, token] = await closedPair(server);
    expect(caught(() => Token.fromPeer(client))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message: expect.stringContaining('a client’s end'.replace('’', "'")) as string,
    });
    using peer = Token.fromPeer(accepted);
    expect(peer.equals(token)).toBe(true);
    client.destroy();
    accepted.destroy();
    for (const socket of [accepted, client, new net.Socket()]) {
      expect(caught(() => Token.fromPeer(socket)).code).toBe('ERR_SOCKET_CLOSED');
    }
  });

  test('does not identify a child process by a pipe to it', async () => {
    const child = spawn(process.execPath, ['-p', '1']);
    await once(child.stdout, 'data');
    if (isWindows) {
      // The process has opened both ends.
      using token = Token.fromPeer(child.stdout as unknown as Socket);
      expect(token.user.id).toBe(world.serviceId);
    } else {
      const { code } = caught(() => Token.fromPeer(child.stdout as unknown as Socket));
      expect(code).toBe('ERR_INVALID_ARG_VALUE');
    }
    await once(child, 'close');
  });

  test('leaves the socket as it was, whether or not it keeps the process alive', async () => {
    using server = await listening(ignore);
    const [client, accepted] = await closedPair(server);
    const handle = (accepted as unknown as { _handle: { hasRef(): boolean } })._handle;
    for (const referenced of [true, false]) {
      if (referenced) accepted.ref();
      else accepted.unref();
      Token.fromPeer(accepted).close();
      expect(handle.hasRef()).toBe(referenced);
    }
    accepted.end('still there');
    expect(await textOf(client)).toBe('still there');
  });
});

describeSwitching('Token.fromPeer in a scope', () => {
  test('returns the same token and leaves the scope in effect', async () => {
    using server = await listening(ignore);
    const [client, accepted] = await closedPair(server);
    using alice = await world.alice.token();
    alice.runSync(() => {
      using peer = Token.fromPeer(accepted);
      expect(peer.user.id).toBe(world.serviceId);
      expectActingAs(world.alice);
    });
    expectActingAsService();
    client.destroy();
  });

  test('connections arrive as the process and in no flow, wherever the server was started', async () => {
    using alice = await world.alice.token();
    using server = createPeerServer();
    const arrival = new Promise<string>((resolve) => {
      server.on('connection', (socket) => {
        resolve(Token.current().user.id);
        socket.end();
      });
    });
    await alice.run(() => server.listen(newAddress()));
    (await connectPeer(server.address() ?? '')).resume();
    expect(await arrival).toBe(world.serviceId);
  });

  test('a server can be started and stopped in a scope, as the process', async () => {
    using alice = await world.alice.token();
    const server = createPeerServer({}, ignore);
    let listens: Promise<unknown> | undefined;
    const address = newAddress();
    alice.runSync(() => {
      listens = server.listen(address);
    });
    await listens;
    expect(server.address()).toBe(address);
    alice.runSync(() => {
      server.close();
    });
    expect((await rejected(connectPeer(address))).code).toMatch(/^(ENOENT|ERROR_FILE_NOT_FOUND)$/);
  });
});

describe('a peer server', () => {
  test("closes a connection's token with its socket, and counts its connections", async () => {
    using server = await listening(ignore);
    const [client, socket, token] = await closedPair(server);
    expect([server.connections, token.closed]).toEqual([1, false]);
    const closed = once(socket, 'close');
    socket.resume();
    client.end();
    await closed;
    expect([server.connections, token.closed]).toEqual([0, true]);
  });

  test('keeps data that a client writes at once for the listener', async () => {
    using server = await listening((socket) => {
      socket.on('data', (part) => socket.write(part.toString().toUpperCase()));
    });
    const client = await connectPeer(server.address() ?? '');
    client.write('one, two, ');
    client.write('three');
    let reply = '';
    for await (const part of client.setEncoding('utf8')) {
      reply += part as string;
      if (reply.length === 15) break;
    }
    expect(reply).toBe('ONE, TWO, THREE');
  });

  test('rejects clients beyond maxConnections', async () => {
    using server = await listening(ignore, { ...anybody, maxConnections: 1 });
    const [first] = await closedPair(server);
    const dropped = once(server, 'drop');
    const second = await connectPeer(server.address() ?? '');
    second.on('error', () => {}).resume();
    await Promise.all([dropped, once(second, 'close')]);
    expect(server.connections).toBe(1);
    first.destroy();
  });

  test('keeps its address while it listens, and frees it when it is closed', async () => {
    using server = await listening(ignore);
    const address = server.address() ?? '';
    const other = createPeerServer();
    // Wine ignores FILE_FLAG_FIRST_PIPE_INSTANCE.
    if (!isWindows) expect((await rejected(other.listen(address))).code).toBe('EADDRINUSE');
    expect([other.address(), other.listening]).toEqual([null, false]);
    expect((await rejected(server.listen(newAddress()))).code).toBe('ERR_SERVER_ALREADY_LISTEN');
    const closed = once(server, 'close');
    server.close();
    server.close();
    await closed;
    expect([server.address(), server.listening]).toEqual([null, false]);
    await other.listen(address);
    other.close();
    expect((await rejected(connectPeer(address))).code).toMatch(/^(ENOENT|ERROR_FILE_NOT_FOUND)$/);
  });

  test('closed while it starts never listens, and 50 of them leave nothing', async () => {
    const handles = await settledHandles();
    for (let n = 0; n < 50; n++) {
      const server = createPeerServer();
      const address = newAddress();
      const started = server.listen(address);
      server.close();
      expect((await rejected(started)).code).toBe('ERR_SERVER_NOT_RUNNING');
    }
    expect(await settledHandles(handles + few)).toBeLessThanOrEqual(handles + few);
  });

  test('called to listen again while it starts listens once', async () => {
    using server = createPeerServer();
    const address = newAddress();
    const first = server.listen(address);
    server.close();
    const second = server.listen(address).catch(() => undefined);
    expect((await rejected(first)).code).toBe('ERR_SERVER_NOT_RUNNING');
    const listens = (await second) !== undefined;
    expect([server.listening, server.address()]).toEqual([listens, listens ? address : null]);
    server.close();
    expect((await rejected(connectPeer(address))).code).toMatch(/^(ENOENT|ERROR_FILE_NOT_FOUND)$/);
  });

  test('is not ended by a client that disconnects, and reports it unless the error has a listener', async () => {
    const lines = await linesOf(`
      const { once } = require('node:events');
      const { connectPeer, createPeerServer } = require(${JSON.stringify(product)});
      const server = await createPeerServer().listen(${JSON.stringify(newAddress())});
      const seen = [];
      server.on('clientError', () => seen.push('clientError'));
      for (const own of [false, true]) {
        const arrival = once(server, 'connection');
        const client = await connectPeer(server.address());
        const [socket] = await arrival;
        if (own) socket.on('error', () => seen.push('own'));
        const closed = new Promise((resolve) => socket.once('close', resolve));
        for (let n = 0; n < 20; n++) socket.write('x'.repeat(100_000));
        await new Promise((resolve) => setTimeout(resolve, 50));
        client.destroy();
        await closed;
        print(seen.splice(0).join() + ' ' + server.connections + ' ' + Token.count);
      }
      server.close();`);
    expect(lines).toEqual(['clientError 0 0', 'own 0 0']);
  });

  test('open connections stay open when the server closes', async () => {
    const server = await listening(ignore);
    const [client, socket, token] = await closedPair(server);
    server.close();
    expect(token.closed).toBe(false);
    socket.end('bye');
    expect(await textOf(client)).toBe('bye');
  });

  test.each<[string, unknown]>([
    ['options', null],
    ['options.mod', { mod: 1 }],
    ['options.allow', { allow: 'S-1-1-0' }],
    ['options.allow[1]', { allow: ['S-1-1-0', 'everyone'] }],
    ['options.allow[0]', { allow: [')(A;;FA;;;WD'] }],
    ['options.allow', { allow: ['S-1-1-0'], securityDescriptor: 'D:' }],
    ['options.securityDescriptor', { securityDescriptor: 1 }],
    ['options.mode', { mode: 0o1000 }],
    ['options.mode', { mode: '600' }],
    ['options.group', { group: -1 }],
    ['options.group', { group: 4294967295 }],
    ['options.maxConnections', { maxConnections: -1 }],
    ['options.identifyTimeout', { identifyTimeout: 0 }],
  ])('a wrong %s is an argument error', (argument, options) => {
    const error = caught(() => createPeerServer(options as never));
    expect(error).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining(`"${argument}"`) as string,
    });
  });

  test('options of the other port throw and are not ignored', () => {
    for (const options of isWindows
      ? [{ mode: 0o600 }, { group: 0 }]
      : [{ allow: [] }, { securityDescriptor: 'D:' }]) {
      const error = caught(() => createPeerServer(options));
      expect(error.code).toBe('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
    }
    expect(caught(() => createPeerServer({}, 1 as never)).message).toContain('"listener"');
    expect(caught(() => Reflect.construct(PeerServer, [])).code).toBe('ERR_ILLEGAL_CONSTRUCTOR');
  });

  test.each([[undefined], [1], [''], ['a\0b'], ['x'.repeat(isWindows ? 1 : 200)]])(
    'the path %p is an argument error, for either side',
    async (path) => {
      for (const attempt of [createPeerServer().listen(path as never), connectPeer(path as never)]) {
        expect(await rejected(attempt)).toMatchObject({
          name: 'TypeError',
          message: expect.stringContaining('"path"') as string,
        });
      }
    },
  );
});

describe('connectPeer', () => {
  test("connects to the expected user's server, and sends nothing to another user's", async () => {
    let written = 0;
    using server = await listening((socket) => {
      socket.on('data', ({ length }) => (written += length)).on('error', () => {});
    });
    server.on('clientError', () => {});
    const address = server.address() ?? '';
    const right = await connectPeer(address, { server: world.serviceId });
    right.destroy();
    const error = await rejected(connectPeer(address, { server: world.bob.id === '-' ? '1' : world.bob.id }));
    expect(error).toMatchObject({ code: 'ERR_UNEXPECTED_SERVER', name: 'ImpersonationError' });
    expect(written).toBe(0);
  });

  test('rejects if there is no server or it is aborted, and leaves nothing', async () => {
    using server = await listening(ignore);
    const handles = await settledHandles();
    for (let n = 0; n < 20; n++) {
      expect((await rejected(connectPeer(newAddress()))).code).toMatch(/^(ENOENT|ERROR_FILE_NOT_FOUND)$/);
      const aborted = AbortSignal.abort();
      expect((await rejected(connectPeer(newAddress(), { signal: aborted }))).name).toBe('AbortError');
      const controller = new AbortController();
      const attempt = connectPeer(server.address() ?? '', { signal: controller.signal });
      controller.abort();
      expect((await rejected(attempt)).name).toBe('AbortError');
    }
    await until(() => server.connections === 0);
    expect(await settledHandles(handles + few)).toBeLessThanOrEqual(handles + few);
  });

  test.each<[string, unknown]>([
    ['options', 1],
    ['options.sever', { sever: 1 }],
    ['options.level', { level: 'all' }],
    ['options.level', { level: 2 }],
    ['options.server', { server: {} }],
    ['options.server', { server: -1 }],
    ['options.server', { server: '' }],
    ['options.timeout', { timeout: -1 }],
    ['signal', { signal: {} }],
  ])('a wrong %s is an argument error', async (argument, options) => {
    const error = await rejected(connectPeer(newAddress(), options as never));
    expect(error).toMatchObject({ name: 'TypeError', message: expect.stringContaining(argument) as string });
  });
});

describe('a server that is never closed', () => {
  const open = `const { createPeerServer, connectPeer } = require(${JSON.stringify(product)});`;

  test('does not keep a process that ends by process.exit, nor by unref', async () => {
    const linesBefore = (end: string): Promise<string[]> =>
      linesOf(
        `${open} const server = createPeerServer({}, () => {});
        await server.listen(${JSON.stringify(newAddress())}); print('here'); ${end}`,
      );
    const lines = await Promise.all(['process.exit(0);', 'server.unref();'].map(linesBefore));
    expect(lines).toEqual([['here'], ['here']]);
  });

  test('ends with its worker, connections and all, and its address can be used again', async () => {
    const address = JSON.stringify(newAddress());
    const lines = await linesOf(
      `${open}
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      const { once } = require('node:events');
      if (isMainThread) {
        for (let round = 0; round < 2; round++) {
          const worker = new Worker(__filename);
          await once(worker, 'message');
          const clients = await Promise.all([1, 2, 3].map(() => connectPeer(${address})));
          const closed = clients.map((client) => new Promise((resolve) => { client.on('error', () => {}).on('close', resolve).resume(); }));
          await worker.terminate();
          await Promise.all(closed);
        }
        const server = await createPeerServer().listen(${address});
        print('again ' + Token.count);
        server.close();
      } else {
        const server = createPeerServer({}, (socket) => { for (;;); });
        await server.listen(${address});
        parentPort.postMessage('here');
      }`,
    );
    expect(lines).toEqual(['again 0']);
  });

  test('ends with its worker while a client arrives, whose connection ends', async () => {
    const lines = await linesOf(
      `${open}
      const net = require('node:net');
      const { Worker, isMainThread, parentPort } = require('node:worker_threads');
      const { once } = require('node:events');
      const address = ${JSON.stringify(newAddress())};
      if (isMainThread) {
        const worker = new Worker(__filename);
        await once(worker, 'message');
        const arriving = once(worker, 'message');
        const client = await connectPeer(address);
        await arriving;
        const closed = new Promise((resolve) => { client.on('error', () => {}).on('close', resolve).resume(); });
        await worker.terminate();
        await closed;
        print('closed');
      } else {
        const stay = () => { parentPort.postMessage('arriving'); for (;;); };
        const server = await createPeerServer({}, stay).listen(address);
        // On Windows the package makes the socket, so this cannot happen.
        if (process.platform === 'win32') net.Socket = function () { stay(); };
        parentPort.postMessage('here');
      }`,
    );
    expect(lines).toEqual(['closed']);
  });
});
