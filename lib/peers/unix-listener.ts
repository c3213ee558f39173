import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { originals as fs } from '../fs/node-fs';
import { Token } from '../token/token';
import { wrongValue } from '../internal/validate';
import { socketPathLimit, type ListenerEvents, type Listener } from './endpoint';
import type { UnixSettings } from './options';
import { publishSocket, socketRemover } from './unix-path';

/** Resolves when the server listens. */
function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Makes a folder with mode 0700 beside the path of the socket. */
function privateFolder(path: string): string {
  const prefix = join(dirname(path), '.peer-');
  if (Buffer.byteLength(`${prefix}XXXXXX/s`) >= socketPathLimit) {
    throw wrongValue(
      'path',
      `is too long: the temporary path <folder>/.peer-XXXXXX/s must be shorter than ${socketPathLimit} bytes`,
    );
  }
  return fs.mkdtempSync(prefix);
}

function serve(events: ListenerEvents): Server {
  return createServer((socket: Socket) => {
    let token: Token;
    try {
      token = Token.fromPeer(socket);
    } catch (error) {
      socket.on('error', () => {}).destroy();
      events.failedClient(error as Error);
      return;
    }
    events.connected(socket, token);
  });
}

/**
 * Listens on a unix socket with that mode and group. The socket is made in a private folder and linked to its path
 * after its mode and group are set, so that it never has wider access. Call it as the process.
 */
export function listenOnUnixSocket(
  path: string,
  { mode, group }: UnixSettings,
  events: ListenerEvents,
): Promise<Listener> {
  const folder = privateFolder(path);
  const temporary = join(folder, 's');
  const server = serve(events);
  return listening(server, temporary)
    .then(() => {
      if (group !== undefined) fs.chownSync(temporary, -1, group);
      fs.chmodSync(temporary, mode);
      return publishSocket(temporary, path);
    })
    .then(
      () => {
        server.on('error', (error) => {
          events.failed(error);
        });
        const removeSocket = socketRemover(path);
        return {
          close() {
            removeSocket();
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
