import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { originals as fs } from '../fs/node-fs';
import { Token } from '../token/token';
import { wrongValue } from '../internal/validate';
import { socketPathLimit, type Arrivals, type Listener } from './endpoint';
import type { UnixSettings } from './options';
import { publishSocket, withdrawer } from './unix-path';

function bound(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** A folder that only this process's user can look into, in the one where the socket is to be. */
function privateFolder(path: string): string {
  const prefix = join(dirname(path), '.peer-');
  if (Buffer.byteLength(`${prefix}XXXXXX/s`) >= socketPathLimit) {
    throw wrongValue('path', 'is too long: there must be room for a temporary name beside it');
  }
  return fs.mkdtempSync(prefix);
}

function serve(arrivals: Arrivals): Server {
  return createServer((socket: Socket) => {
    let token: Token;
    try {
      token = Token.fromPeer(socket);
    } catch (error) {
      socket.on('error', () => {}).destroy();
      arrivals.refused(error as Error);
      return;
    }
    arrivals.arrived(socket, token);
  });
}

/**
 * Listens on a unix socket of that mode and group. It is made where nobody else can reach it and gets its name when it
 * is ready, so that it never is more open than it is to be. To be called as the process.
 */
export function listenOnUnixSocket(
  path: string,
  { mode, group }: UnixSettings,
  arrivals: Arrivals,
): Promise<Listener> {
  const folder = privateFolder(path);
  const temporary = join(folder, 's');
  const server = serve(arrivals);
  return bound(server, temporary)
    .then(() => {
      if (group !== undefined) fs.chownSync(temporary, -1, group);
      fs.chmodSync(temporary, mode);
      return publishSocket(temporary, path);
    })
    .then(
      () => {
        server.on('error', (error) => {
          arrivals.failed(error);
        });
        const withdraw = withdrawer(path);
        return {
          close() {
            withdraw();
            server.close();
          },
          ref: () => void server.ref(),
          unref: () => void server.unref(),
        };
      },
      (error: unknown) => {
        server.close();
        throw error;
      },
    )
    .finally(() => {
      fs.rmSync(folder, { recursive: true, force: true });
    });
}
