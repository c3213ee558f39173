import './index';
import { constants as nodeConstants } from 'node:fs';
import type * as nodeFs from 'node:fs';
import type * as nodePromises from 'node:fs/promises';
import type { DisposableFolder } from './fs/mkdir';
import { originals } from './fs/node-fs';
import { promised } from './fs/operations';
import { createReadStream as readAs, createWriteStream as writeAs } from './fs/streams';
import { requireIdentity } from './flow/identity';

// Not in an async function: the identity is taken, and the work started, before the function returns.
function calling(name: keyof typeof promised): (...args: unknown[]) => Promise<unknown> {
  const call = (...args: unknown[]): Promise<unknown> =>
    new Promise((resolve) => resolve(promised[name](requireIdentity(), ...args)));
  return Object.defineProperty(call, 'name', { value: name });
}

function asFlow<K extends keyof typeof promised & keyof typeof nodePromises>(
  name: K,
): (typeof nodePromises)[K] {
  return calling(name) as unknown as (typeof nodePromises)[K];
}

/**
 * node:fs/promises as whoever the running code acts as: node's arguments, results and errors. Every look at a path is
 * one of libuv's calls on a pool thread under the token of the scope or flow; what is opened is then read and written
 * by its descriptor without further checks. Rejects with ERR_NO_TOKEN where there is no token, and never acts as the
 * process. `watch` and `glob` are not here: what a watch tells about the names in a folder comes from the process
 * however the folder was opened, and glob would look around as the process.
 */
export const access: typeof nodePromises.access = asFlow('access');
export const appendFile: typeof nodePromises.appendFile = asFlow('appendFile');
export const chmod: typeof nodePromises.chmod = asFlow('chmod');
export const chown: typeof nodePromises.chown = asFlow('chown');
export const copyFile: typeof nodePromises.copyFile = asFlow('copyFile');
export const cp: typeof nodePromises.cp = asFlow('cp');
// eslint-disable-next-line @typescript-eslint/no-deprecated -- node has it, and says itself that it does nothing
export const lchmod: typeof nodePromises.lchmod = asFlow('lchmod');
export const lchown: typeof nodePromises.lchown = asFlow('lchown');
export const link: typeof nodePromises.link = asFlow('link');
export const lstat: typeof nodePromises.lstat = asFlow('lstat');
export const lutimes: typeof nodePromises.lutimes = asFlow('lutimes');
export const mkdir: typeof nodePromises.mkdir = asFlow('mkdir');
export const mkdtemp: typeof nodePromises.mkdtemp = asFlow('mkdtemp');
/** A folder that is removed, as the user that made it, by `remove()` or `await using`; undefined before node 24. */
export const mkdtempDisposable:
  | ((
      prefix: string,
      options?: BufferEncoding | { encoding?: BufferEncoding | null },
    ) => Promise<DisposableFolder>)
  | undefined =
  'mkdtempDisposable' in originals.promises ? (calling('mkdtempDisposable') as never) : undefined;
/** The handle is node's own FileHandle; its chmod, chown and utimes act as the user that opened it. */
export const open: typeof nodePromises.open = asFlow('open');
export const opendir: typeof nodePromises.opendir = asFlow('opendir');
export const readFile: typeof nodePromises.readFile = asFlow('readFile');
export const readdir: typeof nodePromises.readdir = asFlow('readdir');
export const readlink: typeof nodePromises.readlink = asFlow('readlink');
export const realpath: typeof nodePromises.realpath = asFlow('realpath');
export const rename: typeof nodePromises.rename = asFlow('rename');
export const rm: typeof nodePromises.rm = asFlow('rm');
export const rmdir: typeof nodePromises.rmdir = asFlow('rmdir');
export const stat: typeof nodePromises.stat = asFlow('stat');
export const statfs: typeof nodePromises.statfs = asFlow('statfs');
export const symlink: typeof nodePromises.symlink = asFlow('symlink');
export const truncate: typeof nodePromises.truncate = asFlow('truncate');
export const unlink: typeof nodePromises.unlink = asFlow('unlink');
export const utimes: typeof nodePromises.utimes = asFlow('utimes');
export const writeFile: typeof nodePromises.writeFile = asFlow('writeFile');

/** Node's ReadStream of a file that is opened as the user; throws ERR_NO_TOKEN at once. */
export const createReadStream = ((path: unknown, options?: unknown) =>
  readAs(requireIdentity(), path, options)) as typeof nodeFs.createReadStream;

/** Node's WriteStream of a file that is opened as the user; throws ERR_NO_TOKEN at once. */
export const createWriteStream = ((path: unknown, options?: unknown) =>
  writeAs(requireIdentity(), path, options)) as typeof nodeFs.createWriteStream;

export const constants: typeof nodePromises.constants = nodeConstants;

export type { DisposableFolder };

/** All of the above. */
export default {
  access,
  appendFile,
  chmod,
  chown,
  constants,
  copyFile,
  cp,
  createReadStream,
  createWriteStream,
  lchmod,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  mkdtempDisposable,
  open,
  opendir,
  readFile,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
};
