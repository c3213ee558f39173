import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createPeerServer, type PeerServer, type PeerServerOptions, type Token } from 'impersonate';
import { linesOf } from '../children/child';
import { tempFolder } from '../folders';
import { product } from '../paths';
import type { Identity } from '../world/world';

export const isWindows = process.platform === 'win32';

/** Returns an unused address. */
export function newAddress(): string {
  const name = `impersonate-${randomBytes(6).toString('hex')}`;
  return isWindows ? `\\\\.\\pipe\\${name}` : join(tempFolder('peer'), name);
}

/** Lets every user connect: the tests' users are in none of the process's groups. */
export const anybody: PeerServerOptions = isWindows ? { allow: ['authenticated-users'] } : { mode: 0o666 };

export async function listening(
  listener: (socket: Socket, token: Token) => void,
  options: PeerServerOptions = anybody,
): Promise<PeerServer> {
  return createPeerServer(options, listener).listen(newAddress());
}

/** Starts a server of node:net at an address that is open to every user. */
export async function plainServer(listener: (socket: Socket) => void): Promise<[Server, string]> {
  const path = newAddress();
  const server = createServer(listener).listen({ path, readableAll: true, writableAll: true });
  await once(server, 'listening');
  return [server, path];
}

/** The command that starts a program as this user. Linux. */
export function setPrivs(who: Identity): string[] {
  const { uid, gid, groups } = who as Identity & { uid: number; gid: number; groups: number[] };
  return ['setpriv', `--reuid=${String(uid)}`, `--regid=${String(gid)}`, `--groups=${groups.join()}`];
}

/** Runs the source in a process of this user and resolves to its lines. It can use `net`, `connectPeer` and the rest. */
export function linesAs(who: Identity, source: string): Promise<string[]> {
  const preamble = `const net = require('node:net');
    const { once } = require('node:events');
    const { connectPeer, createPeerServer } = require(${JSON.stringify(product)});`;
  if (isWindows) {
    const seam = JSON.stringify(require.resolve('../win32/seam'));
    const become = `require(${seam}).seam().setProcessToken(world.${who.key}.mint({ type: 'primary' }));`;
    return linesOf(`${become}${preamble}${source}`);
  }
  return linesOf(`${preamble}${source}`, { through: setPrivs(who) });
}

/** Resolves to everything received until the other end closes. */
export async function textOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += part as string;
  return text;
}
