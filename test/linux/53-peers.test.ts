import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { connectPeer, createPeerServer, type ConnectPeerOptions } from 'impersonate';
import { linesOf } from '../support/children/child';
import { rejected } from '../support/errors';
import { product } from '../support/paths';
import { anybody, linesAs, listening, newAddress } from '../support/network/peers';
import { until } from '../support/children/progress';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const ignore = (): void => {};
const modeOf = (path: string): number => lstatSync(path).mode & 0o777;

/** Connects to a server that another process is about to start. */
async function connectWhenUp(path: string, options?: ConnectPeerOptions): Promise<Socket> {
  await until(() => existsSync(path));
  return connectPeer(path, options);
}

describe('the socket of a peer server', () => {
  test.each([
    [{}, 0o600],
    [{ mode: 0o622 }, 0o622],
    [{ group: process.getgid?.() ?? 0 }, 0o660],
  ])('with %p has that mode, whatever the umask, and leaves no other file', async (options, mode) => {
    const before = process.umask(0);
    try {
      using server = await listening(ignore, options);
      const path = server.address() ?? '';
      expect(modeOf(path)).toBe(mode);
      expect(readdirSync(dirname(path))).toHaveLength(1);
      server.close();
      expect(readdirSync(dirname(path))).toEqual([]);
    } finally {
      process.umask(before);
    }
  });

  test('that a dead server has left is replaced', async () => {
    const path = newAddress();
    const start = `const { createPeerServer } = require(${JSON.stringify(product)});
      await createPeerServer().listen(${JSON.stringify(path)}); process.kill(process.pid, 'SIGKILL');`;
    await expect(linesOf(start)).rejects.toThrow();
    expect(lstatSync(path).isSocket()).toBe(true);
    using server = await createPeerServer({}, ignore).listen(path);
    (await connectPeer(server.address() ?? '')).destroy();
  });

  test('does not replace a file, a link or a live server', async () => {
    const folder = dirname(newAddress());
    const [file, link, live] = ['file', 'link', 'live'].map((name) => join(folder, name));
    writeFileSync(file as string, 'kept');
    symlinkSync(file as string, link as string);
    const other = createServer().listen(live);
    for (const path of [file, link, live]) {
      expect((await rejected(createPeerServer().listen(path as string))).code).toBe('EADDRINUSE');
    }
    expect(readdirSync(folder).sort()).toEqual(['file', 'link', 'live']);
    other.close();
  });

  test('is not removed after another server has replaced it', async () => {
    const server = await listening(ignore);
    const path = server.address() ?? '';
    renameSync(path, `${path}-moved`);
    writeFileSync(path, 'of another');
    server.close();
    expect(lstatSync(path).isFile()).toBe(true);
  });

  test('in a missing directory rejects, and the server can try again', async () => {
    using server = createPeerServer({}, ignore);
    expect((await rejected(server.listen('/nonexistent/socket'))).code).toBe('ENOENT');
    await server.listen(newAddress());
  });

  test.each(['anonymous', 'identification', 'delegation'] as const)(
    'cannot be connected to at level %s',
    async (level) => {
      const { code } = await rejected(connectPeer(newAddress(), { level }));
      expect(code).toBe('ERR_FEATURE_UNAVAILABLE_ON_PLATFORM');
    },
  );
});

describeSwitching('a peer on Linux', () => {
  test('without write permission cannot connect', async () => {
    using server = await listening(ignore, {});
    const path = JSON.stringify(server.address());
    const lines = await linesAs(
      world.alice,
      `await connectPeer(${path}).catch((error) => { print(error.code); });`,
    );
    expect(lines).toEqual(['EACCES']);
  });

  test('has all of its groups, however many', async () => {
    const groups = Array.from({ length: 300 }, (_, index) => 31_000 + index);
    let seen: number[] = [];
    using server = await listening((socket, token) => {
      seen = token.groups.map(({ gid }) => gid ?? -1);
      socket.end();
    }, anybody);
    const path = JSON.stringify(server.address());
    const ids = [`--reuid=${world.bob.id}`, '--regid=31000', `--groups=${groups.join()}`];
    await linesOf(
      `const { connectPeer } = require(${JSON.stringify(product)});
      (await connectPeer(${path})).resume();`,
      { through: ['setpriv', ...ids] },
    );
    expect([...new Set(seen)].sort((a, b) => a - b)).toEqual(groups);
  });

  test('is rejected if its credentials cannot be read', async () => {
    const path = newAddress();
    const lines = linesOf(
      `const { createPeerServer } = require(${JSON.stringify(product)});
      const { probe } = require(${JSON.stringify(require.resolve('../support/linux/probe'))});
      const server = createPeerServer({}, () => { print('arrived'); server.close(); });
      server.on('clientError', ({ code, syscall }) => {
        print([code, syscall, Token.count].join(' '));
        server.close();
      });
      await server.listen(${JSON.stringify(path)});
      probe().failSyscall('getsockopt', 12);`,
    );
    (await connectWhenUp(path)).on('error', ignore).resume();
    expect(await lines).toEqual(['ENOMEM getsockopt 0']);
  });

  test('can be served if its directory is the only one that the process may write to', async () => {
    const folder = join(dirname(newAddress()), 'run');
    mkdirSync(folder);
    chownSync(folder, world.alice.uid, world.alice.gid);
    const listen = `const server = await createPeerServer().listen(${JSON.stringify(join(folder, 'socket'))});
      print(fs.readdirSync(${JSON.stringify(folder)}).join()); server.close();`;
    expect(await linesAs(world.alice, listen)).toEqual(['socket']);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('detects a server of another user', async () => {
    const path = newAddress();
    chownSync(dirname(path), world.alice.uid, world.alice.gid);
    const lines = linesAs(
      world.alice,
      `const server = createPeerServer({ mode: 0o666 }, (socket) => { socket.on('close', () => { server.close(); }).resume(); });
      await server.listen(${JSON.stringify(path)});`,
    );
    const error = await rejected(connectWhenUp(path, { server: 0 }));
    expect(error.code).toBe('ERR_UNEXPECTED_SERVER');
    await lines;
  });
});
