import { Socket } from 'node:net';
import { native } from '../internal/binding';
import type { TokenId } from '../../types/native';
import { ImpersonationError } from '../internal/error';
import { wrongType } from '../internal/validate';

/** Node's handle of a connection. */
interface SocketHandle {
  /** -1 on Windows. */
  readonly fd?: number;
  ref(): void;
  unref(): void;
  hasRef(): boolean;
}

/**
 * Node does not show the HANDLE of a pipe. The native side finds the pipe in libuv's list by what changes when `ref()` or
 * `unref()` is called.
 */
function pipePeer(handle: SocketHandle): TokenId {
  const referenced = handle.hasRef();
  const set = (on: boolean): void => {
    if (on) handle.ref();
    else handle.unref();
  };
  try {
    return native.pipePeerToken(() => {
      set(!referenced);
    });
  } finally {
    set(referenced);
  }
}

/** Implements `Token.fromPeer`. */
export function fromPeer(socket: Socket): TokenId {
  if (!(socket instanceof Socket)) throw wrongType('socket', 'an instance of net.Socket', socket);
  const handle = (socket as { _handle?: SocketHandle | null })._handle;
  if (socket.destroyed || !handle) {
    throw new ImpersonationError('The socket is closed: it has no peer', 'ERR_SOCKET_CLOSED');
  }
  return native.port === 'win32' ? pipePeer(handle) : native.peerToken(handle.fd ?? -1);
}
