import { addAbortListener } from 'node:events';
import { connect, type Socket } from 'node:net';
import { asProcess } from '../internal/flow-store';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { originals } from '../fs/node-fs';
import { levelNumber, type ImpersonationLevel } from '../token/open-token';
import { onOwnThread } from '../internal/own-thread';
import {
  validateAbortSignal,
  validateInteger,
  validateOptions,
  validateString,
  wrongType,
} from '../internal/validate';
import type { ConnectPeerOptions } from './connect';
import { socketOrClose, validateAddress } from './endpoint';

function unexpectedServer(found: string): ImpersonationError {
  return new ImpersonationError(
    `The server belongs to ${found}, and not to the user that options.server expects`,
    'ERR_UNEXPECTED_SERVER',
  );
}

function requireServer(fd: number, expected: string | undefined): void {
  if (expected === undefined) return;
  const found = native.serverOf(fd);
  if (found.toUpperCase() !== expected.toUpperCase()) throw unexpectedServer(found);
}

function connectPipe(
  path: string,
  level: ImpersonationLevel,
  {
    server,
    timeout,
    signal,
  }: { server: string | undefined; timeout: number; signal: AbortSignal | undefined },
): Promise<Socket> {
  const close = (fd: number): void => {
    originals.closeSync(fd);
  };
  // A server that is still to be checked must not be able to impersonate the client before the first write.
  const start = (): Promise<number> =>
    native.connectPipe(path, levelNumber(level, 'options.level'), server !== undefined, timeout);
  return onOwnThread(start, signal, close).then((fd) => {
    try {
      requireServer(fd, server);
    } catch (error) {
      close(fd);
      throw error;
    }
    return socketOrClose(fd);
  });
}

function connectUnix(
  path: string,
  server: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const socket = asProcess(() => connect(path));
    const fail = (error: Error): void => {
      listening?.[Symbol.dispose]();
      reject(error);
      socket.destroy();
    };
    const listening =
      signal &&
      addAbortListener(signal, () => {
        fail(signal.reason as Error);
      });
    socket.on('error', fail).once('connect', () => {
      try {
        requireServer((socket as Socket & { _handle: { fd: number } })._handle.fd, server);
      } catch (error) {
        fail(error as Error);
        return;
      }
      listening?.[Symbol.dispose]();
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function requireSupportedLevel(level: ImpersonationLevel): void {
  if (native.port === 'win32' || level === 'impersonation') return;
  throw new ImpersonationError(
    `The level ${level} is not supported on this platform, where every server can read the credentials of its clients. Restrict the server with options.server`,
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}

function toServer(server: unknown): string | undefined {
  if (server === undefined) return undefined;
  if (typeof server === 'number') validateInteger(server, 'options.server', 0, 0xffff_fffe);
  else if (typeof server === 'string') validateString(server, 'options.server');
  else throw wrongType('options.server', 'of type string or number', server);
  return String(server);
}

/** Implements `connectPeer`. */
export function connectTo(path: string, options: ConnectPeerOptions): Promise<Socket> {
  validateAddress(path);
  validateOptions(options, 'options', ['level', 'server', 'timeout', 'signal']);
  const { level = 'impersonation', timeout = 5000, signal } = options;
  levelNumber(level, 'options.level');
  validateInteger(timeout, 'options.timeout', 0, 2 ** 31 - 1);
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  const server = toServer(options.server);
  requireSupportedLevel(level);
  if (native.port === 'win32') return connectPipe(path, level, { server, timeout, signal });
  return connectUnix(path, server, signal);
}
