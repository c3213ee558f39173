import type { Socket } from 'node:net';
import type { TokenId } from '../../types/native';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { internal } from '../internal/private';
import { Token } from '../token/token';
import { newSocket, type Arrivals, type Listener } from './endpoint';
import type { PipeSettings } from './options';

/** ERROR_CANNOT_IMPERSONATE: the client is not known before something that it has written has been read. */
const unknownYet = 'ERROR_CANNOT_IMPERSONATE';

/** Calls `done` once, when the client has written something, which stays to be read, or will not. */
function whenWritten(socket: Socket, limit: number, done: (error?: Error) => void): void {
  const gone = (): void => {
    settle(new ImpersonationError('The client has left before it wrote anything', 'ERR_SOCKET_CLOSED'));
  };
  const readable = (): void => {
    if (socket.readableLength > 0) settle();
    else gone();
  };
  const timer = setTimeout(() => {
    settle(
      new ImpersonationError(
        'The client has not written anything, and is not known before it does',
        'ERR_PEER_TIMEOUT',
      ),
    );
  }, limit);
  const settle = (error?: Error): void => {
    clearTimeout(timer);
    socket.off('readable', readable).off('error', settle).off('close', gone);
    done(error);
  };
  socket.on('readable', readable).on('error', settle).on('close', gone);
}

/** Serves a named pipe; throws what CreateNamedPipeW says. To be called as the process. */
export function listenOnPipe(path: string, settings: PipeSettings, arrivals: Arrivals): Listener {
  const unknown = new Set<Socket>();

  const turnAway = (socket: Socket, error: Error): void => {
    // It may still fail on its way out, and there is nobody to be told.
    socket.on('error', () => {}).destroy();
    arrivals.refused(error);
  };
  const identify = (socket: Socket, fd: number): void => {
    if (unknown.size >= settings.maxConnections) {
      socket.on('error', () => {}).destroy();
      arrivals.dropped();
      return;
    }
    unknown.add(socket);
    whenWritten(socket, settings.identifyTimeout, (error) => {
      if (!unknown.delete(socket)) return;
      if (error) {
        turnAway(socket, error);
        return;
      }
      let token: Token;
      try {
        token = new Token(internal, native.peerToken(fd));
      } catch (failure) {
        turnAway(socket, failure as Error);
        return;
      }
      arrivals.arrived(socket, token);
    });
  };
  const arrived = (error: Error | null, fd: number, socket: Socket | null, id: TokenId): void => {
    const token = id === 0 ? undefined : new Token(internal, id);
    if (socket && token) {
      arrivals.arrived(socket, token);
      return;
    }
    token?.close();
    const failure = error ?? new ImpersonationError('The client is not known', 'ERR_SOCKET_CLOSED');
    if (socket && (failure as NodeJS.ErrnoException).code === unknownYet) identify(socket, fd);
    else if (socket) turnAway(socket, failure);
    else arrivals.refused(failure);
  };

  const { allow, securityDescriptor } = settings;
  const server = native.listenPipe(path, allow, securityDescriptor, newSocket, arrived, (error) => {
    arrivals.failed(error);
  });
  return {
    ...server,
    close() {
      server.close();
      const left = [...unknown];
      unknown.clear();
      for (const socket of left) socket.on('error', () => {}).destroy();
    },
  };
}
