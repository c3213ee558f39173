import type { Socket } from 'node:net';
import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { internal } from '../internal/private';
import { Token } from '../token/token';
import { newSocket, type Listener, type ListenerEvents } from './endpoint';
import type { PipeSettings } from './options';

/** Windows cannot identify the client before data of the client has been read. */
const notIdentifiedYet = 'ERROR_CANNOT_IMPERSONATE';

/**
 * Calls `callback` once: when data of the client has arrived, which stays in the socket's buffer, or with an error when
 * the client disconnects, the socket fails or `timeout` milliseconds pass.
 */
function onFirstData(socket: Socket, timeout: number, callback: (error?: Error) => void): void {
  const disconnected = (): void => {
    settle(new ImpersonationError('The client disconnected before it was identified', 'ERR_SOCKET_CLOSED'));
  };
  const readable = (): void => {
    if (socket.readableLength > 0) settle();
    else disconnected();
  };
  const timer = setTimeout(() => {
    settle(
      new ImpersonationError(
        'The client sent no data within options.identifyTimeout, and Windows cannot identify it before it does',
        'ERR_PEER_TIMEOUT',
      ),
    );
  }, timeout);
  const settle = (error?: Error): void => {
    clearTimeout(timer);
    socket.off('readable', readable).off('error', settle).off('close', disconnected);
    callback(error);
  };
  socket.on('readable', readable).on('error', settle).on('close', disconnected);
}

/** Serves a named pipe. Throws the error of CreateNamedPipeW. Call it as the process. */
export function listenOnPipe(path: string, settings: PipeSettings, events: ListenerEvents): Listener {
  const unidentified = new Set<Socket>();

  const reject = (socket: Socket, error: Error): void => {
    // An error of a socket that is being destroyed has no listener.
    socket.on('error', () => {}).destroy();
    events.failedClient(error);
  };
  const identify = (socket: Socket, fd: number): void => {
    if (unidentified.size >= settings.maxConnections) {
      socket.on('error', () => {}).destroy();
      events.dropped();
      return;
    }
    unidentified.add(socket);
    onFirstData(socket, settings.identifyTimeout, (error) => {
      if (!unidentified.delete(socket)) return;
      if (error) {
        reject(socket, error);
        return;
      }
      let token: Token;
      try {
        token = new Token(internal, native.peerToken(fd));
      } catch (failure) {
        reject(socket, failure as Error);
        return;
      }
      events.connected(socket, token);
    });
  };
  const connected = (error: Error | null, fd: number, socket: Socket | null, id: TokenId): void => {
    const token = id === 0 ? undefined : new Token(internal, id);
    if (socket && token) {
      events.connected(socket, token);
      return;
    }
    token?.close();
    const failure =
      error ??
      new ImpersonationError('The client disconnected before it was identified', 'ERR_SOCKET_CLOSED');
    if (socket && (failure as NodeJS.ErrnoException).code === notIdentifiedYet) identify(socket, fd);
    else if (socket) reject(socket, failure);
    else events.failedClient(failure);
  };

  const { allow, securityDescriptor } = settings;
  const server = native.listenPipe(path, allow, securityDescriptor, newSocket, connected, (error) => {
    events.failed(error);
  });
  return {
    ...server,
    close() {
      server.close();
      const sockets = [...unidentified];
      unidentified.clear();
      for (const socket of sockets) socket.on('error', () => {}).destroy();
    },
  };
}
