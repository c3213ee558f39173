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
import { validateAddress } from './endpoint';
import { socketOf } from './endpoint';

/** What a client shows of itself, and to whom. */
export interface ConnectPeerOptions {
  /**
   * What the server may do in the client's name at most; `impersonation` by default. On Linux there is no other: the
   * kernel tells every server who has connected.
   */
  level?: ImpersonationLevel;
  /**
   * Whose server it must be: the SID of the pipe's owner, or the uid of whoever listens. Anybody else's gets nothing:
   * the promise rejects with ERR_UNEXPECTED_SERVER.
   */
  server?: string | number;
  /** Windows: milliseconds to wait while all of the pipe's instances are taken; 5,000 by default. */
  timeout?: number;
  signal?: AbortSignal;
}

function unexpectedServer(found: string): ImpersonationError {
  return new ImpersonationError(
    `The server is not the expected user's, but that of ${found}`,
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
  // With a server to be checked it must not know the client before that: it could act as the client at once.
  const start = (): Promise<number> =>
    native.connectPipe(path, levelNumber(level, 'options.level'), server !== undefined, timeout);
  return onOwnThread(start, signal, close).then((fd) => {
    try {
      requireServer(fd, server);
    } catch (error) {
      close(fd);
      throw error;
    }
    return socketOf(fd);
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

function requireLevelHere(level: ImpersonationLevel): void {
  if (native.port === 'win32' || level === 'impersonation') return;
  throw new ImpersonationError(
    `A client cannot choose level ${level} here: every server learns who has connected. Say with options.server whom it may be`,
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

function connected(path: string, options: ConnectPeerOptions): Promise<Socket> {
  validateAddress(path);
  validateOptions(options, 'options', ['level', 'server', 'timeout', 'signal']);
  const { level = 'impersonation', timeout = 5000, signal } = options;
  levelNumber(level, 'options.level');
  validateInteger(timeout, 'options.timeout', 0, 2 ** 31 - 1);
  if (signal !== undefined) validateAbortSignal(signal, 'options.signal');
  const server = toServer(options.server);
  requireLevelHere(level);
  if (native.port === 'win32') return connectPipe(path, level, { server, timeout, signal });
  return connectUnix(path, server, signal);
}

/**
 * Connects to a server of this computer, as the process: CreateFileW with SECURITY_SQOS_PRESENT and the level, where
 * node:net would let any server act as the client; connect() on Linux. Rejects with what the system says
 * (ERROR_FILE_NOT_FOUND, ERROR_PIPE_BUSY, ECONNREFUSED), and with AbortError once `signal` says so. The socket is the
 * caller's.
 */
export function connectPeer(path: string, options: ConnectPeerOptions = {}): Promise<Socket> {
  return new Promise((resolve) => {
    resolve(connected(path, options));
  });
}
