import { AsyncLocalStorage } from 'node:async_hooks';
import cluster from 'node:cluster';
import dgram from 'node:dgram';
import { Server, Socket } from 'node:net';
import type { FsPath } from '../../../types/native';
import { currentIdentity, hasIdentity, type Identity } from '../../flow/identity';
import { native } from '../../internal/binding';
import { currentTokenId, enterSync } from '../../scope/state';
import { requireToken } from '../gate';
import { close as closeDescriptor, openGuarded, type LastComponent } from '../guarded-path';
import { type AnyFunction, guardMethod, notRoutedError, replaceMethod } from '../router';
import { asUser } from './process';

/** Thrown to stop a socket before it connects. */
const stop = new Error('not connected');

/** Returns the prototype of node's internal handle of a socket that connects with these options. */
function handlePrototype(options: { path: string } | { port: number; host: string }): object | undefined {
  const socket = new Socket();
  let found: object | undefined;
  Object.defineProperty(socket, '_handle', {
    get: () => null,
    set(handle: { close(): void }) {
      found = Object.getPrototypeOf(handle) as object;
      handle.close();
      throw stop;
    },
  });
  try {
    socket.connect(options);
  } catch (error) {
    // Node's permission model may forbid connections.
    if (error !== stop) return undefined;
  }
  return found;
}

function datagramPrototype(): object | undefined {
  const socket = dgram.createSocket('udp4');
  const states = Object.getOwnPropertySymbols(socket).map((key) => Reflect.get(socket, key) as unknown);
  const state = states.find((one) => one instanceof Object && 'handle' in one) as
    { handle: object } | undefined;
  const found = state && (Object.getPrototypeOf(state.handle) as object);
  socket.close();
  return found;
}

/** A server whose socket a user's identity has bound in the file system. */
interface Bound {
  readonly identity: Identity;
  /** The descriptor of the socket's folder. */
  readonly folder: number;
}
const bound = new WeakMap<object, Bound>();

/** Whether the name is a path, and not an abstract name of Linux, which no permission protects. */
const isPathName = (name: unknown): name is FsPath => typeof name === 'string' && !name.startsWith('\0');

/**
 * Calls `use` with a path in place of the name, and with its descriptor. The kernel would allow the name itself to reach
 * the process's entries in /proc. Returns libuv's error number if the user cannot look it up.
 */
function withGuarded(name: FsPath, last: LastComponent, use: (path: FsPath, fd: number) => unknown): unknown {
  const found = openGuarded(name, last);
  return typeof found === 'number' ? found : use(found.path, found.fd);
}

/** Throws for a socket or pipe that a sealed thread may not use by its name, and closes it. */
function requireTokenFor(name: string, handle: unknown, path: unknown): void {
  try {
    requireToken(name, [path]);
  } catch (error) {
    (handle as { close(): void }).close();
    throw error;
  }
}

/** Connects as the user: connect() runs on this thread. */
function routeConnect(pipe: object): void {
  replaceMethod(pipe, 'connect', (original, receiver, [request, name, ...rest]) => {
    const connect = (path: unknown): unknown => Reflect.apply(original, receiver, [request, path, ...rest]);
    requireTokenFor('net.connect', receiver, name);
    if (!hasIdentity() || !isPathName(name)) return asUser(() => connect(name));
    return asUser(() =>
      withGuarded(name, 'target', (path, fd) => {
        try {
          return connect(path);
        } finally {
          closeDescriptor(fd);
        }
      }),
    );
  });
}

/**
 * Binds as the user. libuv removes the socket by its path when the server is closed: the path leads through the
 * descriptor of the folder, so that the user cannot put another folder in its place.
 */
function routeBind(pipe: object): void {
  replaceMethod(pipe, 'bind', (original, receiver, [name, ...rest]) => {
    const bind = (path: unknown): unknown => Reflect.apply(original, receiver, [path, ...rest]);
    requireTokenFor('net.listen', receiver, name);
    const identity = currentIdentity();
    if (!identity || !isPathName(name)) return asUser(() => bind(name));
    return asUser(() =>
      withGuarded(name, 'entry', (path, folder) => {
        let error: unknown = -1;
        try {
          error = bind(path);
        } finally {
          if (error) closeDescriptor(folder);
        }
        if (!error) bound.set(receiver as object, { identity, folder });
        return error;
      }),
    );
  });
}

/** Removes the socket of a server as the user who has bound it. */
function routeClose(pipe: object): void {
  replaceMethod(pipe, 'close', (original, receiver, args) => {
    const close = (): unknown => Reflect.apply(original, receiver, args);
    const server = bound.get(receiver as object);
    if (!server) return close();
    bound.delete(receiver as object);
    try {
      return enterSync(server.identity.tokenRef.id, close);
    } finally {
      closeDescriptor(server.folder);
    }
  });
}

/** Makes methods of a handle run as the user. They make their system calls on this thread. */
function route(handle: object, ...names: string[]): void {
  for (const name of names) {
    replaceMethod(handle, name, (original, receiver, args) =>
      asUser(() => Reflect.apply(original, receiver, args)),
    );
  }
}

/** The identity of the scope that bound a port, which node does after it has looked the address up. */
const scopes = new AsyncLocalStorage<Identity | undefined>();

function keepScope(object: object, name: string): void {
  replaceMethod(object, name, (original, receiver, args) => {
    const call = (): unknown => Reflect.apply(original, receiver, args);
    if (currentTokenId() !== 0) return scopes.run(currentIdentity(), call);
    return scopes.getStore() ? scopes.run(undefined, call) : call();
  });
}

/** Makes methods of a handle that bind a port run as the user of the flow, or of the scope that has asked for it. */
function routePorts(handle: object | undefined): void {
  if (!handle) return;
  for (const name of ['bind', 'bind6']) {
    replaceMethod(handle, name, (original, receiver, args) => {
      const bind = (): unknown => Reflect.apply(original, receiver, args);
      const identity = hasIdentity() ? undefined : scopes.getStore();
      return identity ? enterSync(identity.tokenRef.id, bind) : asUser(bind);
    });
  }
}

/** Windows opens a pipe that is busy on a thread of the system, and each further instance of a server later. */
function refusePipes(pipe: object): void {
  const refused: [string, string][] = [
    ['connect', 'connect'],
    ['bind', 'listen'],
  ];
  for (const [method, name] of refused) {
    replaceMethod(pipe, method, (original: AnyFunction, receiver, args) => {
      requireTokenFor(`net.${name}`, receiver, args[method === 'connect' ? 1 : 0]);
      if (!hasIdentity()) return Reflect.apply(original, receiver, args);
      (receiver as { close(): void }).close();
      throw notRoutedError(name, 'Windows would open instances of the pipe as the process', 'net.');
    });
  }
}

/** The primary process of a cluster binds the sockets of its workers. */
function guardCluster(): void {
  if (cluster.isPrimary) return;
  guardMethod(cluster, '_getServer', () => {
    if (hasIdentity())
      throw notRoutedError(
        'listen',
        'the primary process of the cluster would bind: use `exclusive: true`',
        'net.',
      );
  });
}

/**
 * Makes sockets act as the user in flows and scopes where the system checks who makes a call: paths, and on Linux ports.
 * The guards are on node's handles, which every class and function of node:net, node:http and node:dgram uses.
 */
export function guardSockets(): void {
  const pipe = handlePrototype({ path: native.port === 'win32' ? '\\\\.\\pipe\\none' : '/none' });
  guardCluster();
  if (native.port === 'win32') {
    if (pipe) refusePipes(pipe);
    return;
  }
  if (pipe) {
    routeConnect(pipe);
    routeBind(pipe);
    routeClose(pipe);
    route(pipe, 'listen', 'fchmod');
  }
  keepScope(Server.prototype, 'listen');
  keepScope(Socket.prototype, 'connect');
  keepScope(dgram.Socket.prototype, 'bind');
  routePorts(handlePrototype({ port: 1, host: '127.0.0.1' }));
  routePorts(datagramPrototype());
}
