/**
 * `impersonate/fs`: the functions of node:fs/promises and the streams of node:fs as the identity in effect, with node's
 * arguments, results and errors.
 *
 * Every access by path is a call of libuv on a thread of this package that impersonates the token of the scope or flow
 * (SetThreadToken; setresuid, setresgid, setgroups and capset of that thread). An open file is then read and written by
 * its descriptor, without further checks of the user's rights. Outside of every scope and flow the functions fail with
 * `ERR_NO_TOKEN`; they never act as the process.
 *
 * `watch` and `glob` are missing: `watch` would report names as the process, and `glob` would search as the process.
 *
 * @module
 * @example
 * import { readFile } from 'impersonate/fs';
 * const text = await token.run(() => readFile('/srv/files/report.txt', 'utf8'));
 */
import './index';
import { constants as nodeConstants } from 'node:fs';
import type * as nodeFs from 'node:fs';
import type * as nodePromises from 'node:fs/promises';
import type { DisposableFolder } from './fs/mkdir';
import { originals } from './fs/node-fs';
import type { promised } from './fs/operations';
import { deferred } from './internal/deferred';
import { promiseOf } from './internal/error';
import { requireIdentity } from './flow/identity';

// Not an async function: the identity is read, and the work is started, before the function returns.
function callAsUser(name: keyof typeof promised): (...args: unknown[]) => Promise<unknown> {
  const call = (...args: unknown[]): Promise<unknown> =>
    promiseOf<unknown>(() => deferred().promised[name](requireIdentity(), ...args));
  return Object.defineProperty(call, 'name', { value: name });
}

function asUser<K extends keyof typeof promised & keyof typeof nodePromises>(
  name: K,
): (typeof nodePromises)[K] {
  return callAsUser(name) as unknown as (typeof nodePromises)[K];
}

/**
 * Tests the user's access to a path, like node's `fs.promises.access()`, with the effective ids on Linux.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => access('/srv/files/report.txt', constants.R_OK));
 */
export const access: typeof nodePromises.access = asUser('access');

/**
 * Appends data to a file, which is opened as the identity in effect, like node's `fs.promises.appendFile()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => appendFile('/srv/files/report.txt', 'A further line\n'));
 */
export const appendFile: typeof nodePromises.appendFile = asUser('appendFile');

/**
 * Changes the mode of a file as the identity in effect, like node's `fs.promises.chmod()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => chmod('/srv/files/report.txt', 0o600));
 */
export const chmod: typeof nodePromises.chmod = asUser('chmod');

/**
 * Changes the owner and group of a file as the identity in effect, like node's `fs.promises.chown()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const { uid, gid } = await token.run(() => stat('/srv/files'));
 * await token.run(() => chown('/srv/files/report.txt', uid, gid));
 */
export const chown: typeof nodePromises.chown = asUser('chown');

/**
 * Copies a file as the identity in effect, like node's `fs.promises.copyFile()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => copyFile('/srv/files/report.txt', '/srv/files/copy.txt', constants.COPYFILE_EXCL));
 */
export const copyFile: typeof nodePromises.copyFile = asUser('copyFile');

/**
 * Copies a file or a directory tree, every step as the identity in effect, like node's `fs.promises.cp()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => cp('/srv/files/archive', '/srv/files/copy', { recursive: true }));
 */
export const cp: typeof nodePromises.cp = asUser('cp');

/**
 * Rejects with `ERR_METHOD_NOT_IMPLEMENTED`, like node's `fs.promises.lchmod()` on Windows and Linux.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token
 *   .run(() => lchmod('/srv/files/report.txt', 0o600))
 *   .catch((error: NodeJS.ErrnoException) => console.log(error.code)); // Prints: ERR_METHOD_NOT_IMPLEMENTED
 */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- node exports it, although it only rejects
export const lchmod: typeof nodePromises.lchmod = asUser('lchmod');

/**
 * Changes the owner and group of a link as the identity in effect, like node's `fs.promises.lchown()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const { uid, gid } = await token.run(() => lstat('/srv/files/report.txt'));
 * await token.run(() => lchown('/srv/files/report.txt', uid, gid));
 */
export const lchown: typeof nodePromises.lchown = asUser('lchown');

/**
 * Creates a hard link as the identity in effect, like node's `fs.promises.link()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => link('/srv/files/report.txt', '/srv/files/same-report.txt'));
 */
export const link: typeof nodePromises.link = asUser('link');

/**
 * Returns the stats of a path as the identity in effect, like node's `fs.promises.lstat()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const stats = await token.run(() => lstat('/srv/files/report.txt'));
 * console.log(stats.isSymbolicLink()); // Prints: false
 */
export const lstat: typeof nodePromises.lstat = asUser('lstat');

/**
 * Changes the times of a link as the identity in effect, like node's `fs.promises.lutimes()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => lutimes('/srv/files/report.txt', new Date(), new Date()));
 */
export const lutimes: typeof nodePromises.lutimes = asUser('lutimes');

/**
 * Creates a directory as the identity in effect, like node's `fs.promises.mkdir()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => mkdir('/srv/files/2026/07', { recursive: true }));
 */
export const mkdir: typeof nodePromises.mkdir = asUser('mkdir');

/**
 * Creates a temporary directory as the identity in effect, like node's `fs.promises.mkdtemp()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const folder = await token.run(() => mkdtemp('/srv/files/upload-'));
 */
export const mkdtemp: typeof nodePromises.mkdtemp = asUser('mkdtemp');

/**
 * Creates a temporary directory as the identity in effect, like node's `fs.promises.mkdtempDisposable()`. `remove()`
 * and `await using` remove it as the same identity. Undefined before Node.js 24.4.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(async () => {
 *   const folder = await mkdtempDisposable?.('/srv/files/upload-');
 *   await folder?.remove();
 * });
 */
export const mkdtempDisposable:
  | ((
      prefix: string,
      options?: BufferEncoding | { encoding?: BufferEncoding | null },
    ) => Promise<DisposableFolder>)
  | undefined =
  'mkdtempDisposable' in originals.promises ? (callAsUser('mkdtempDisposable') as never) : undefined;

/**
 * Opens a file as the identity in effect, like node's `fs.promises.open()`. The result is node's FileHandle, which the
 * caller must close. Its `chmod`, `chown` and `utimes` run as the identity that opened it. It cannot be transferred to
 * another thread.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(async () => {
 *   const file = await open('/srv/files/report.txt', 'r+');
 *   try {
 *     await file.write('Report');
 *   } finally {
 *     await file.close();
 *   }
 * });
 */
export const open: typeof nodePromises.open = asUser('open');

/**
 * Opens a directory as the identity in effect, like node's `fs.promises.opendir()`. The result is node's Dir; every
 * step of it runs as the identity that opened it, also after the flow has ended.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(async () => {
 *   for await (const entry of await opendir('/srv/files')) console.log(entry.name, entry.isDirectory());
 * });
 */
export const opendir: typeof nodePromises.opendir = asUser('opendir');

/**
 * Reads a file, which is opened as the identity in effect, like node's `fs.promises.readFile()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const text = await token.run(() => readFile('/srv/files/report.txt', 'utf8'));
 */
export const readFile: typeof nodePromises.readFile = asUser('readFile');

/**
 * Reads a directory as the identity in effect, like node's `fs.promises.readdir()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const names = await token.run(() => readdir('/srv/files'));
 * console.log(names.includes('report.txt')); // Prints: true
 */
export const readdir: typeof nodePromises.readdir = asUser('readdir');

/**
 * Reads the target of a link as the identity in effect, like node's `fs.promises.readlink()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const target = await token.run(() => readlink('/srv/files/latest'));
 */
export const readlink: typeof nodePromises.readlink = asUser('readlink');

/**
 * Resolves a path as the identity in effect, like node's `fs.promises.realpath()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const whole = await token.run(() => realpath('/srv/files/archive/../report.txt'));
 */
export const realpath: typeof nodePromises.realpath = asUser('realpath');

/**
 * Renames a file or directory as the identity in effect, like node's `fs.promises.rename()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => rename('/srv/files/report.txt', '/srv/files/archive/report.txt'));
 */
export const rename: typeof nodePromises.rename = asUser('rename');

/**
 * Removes a file or a directory tree, every step as the identity in effect, like node's `fs.promises.rm()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => rm('/srv/files/archive', { recursive: true, force: true }));
 */
export const rm: typeof nodePromises.rm = asUser('rm');

/**
 * Removes a directory as the identity in effect, like node's `fs.promises.rmdir()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(async () => {
 *   await mkdir('/srv/files/empty');
 *   await rmdir('/srv/files/empty');
 * });
 */
export const rmdir: typeof nodePromises.rmdir = asUser('rmdir');

/**
 * Returns the stats of a path as the identity in effect, like node's `fs.promises.stat()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const { size, mtime } = await token.run(() => stat('/srv/files/report.txt'));
 */
export const stat: typeof nodePromises.stat = asUser('stat');

/**
 * Returns the stats of a file system as the identity in effect, like node's `fs.promises.statfs()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * const { bavail, bsize } = await token.run(() => statfs('/srv/files'));
 * console.log(`${bavail * bsize} bytes are free`);
 */
export const statfs: typeof nodePromises.statfs = asUser('statfs');

/**
 * Creates a symbolic link as the identity in effect, like node's `fs.promises.symlink()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => symlink('report.txt', '/srv/files/newest'));
 */
export const symlink: typeof nodePromises.symlink = asUser('symlink');

/**
 * Truncates a file, which is opened as the identity in effect, like node's `fs.promises.truncate()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => truncate('/srv/files/report.txt', 100));
 */
export const truncate: typeof nodePromises.truncate = asUser('truncate');

/**
 * Removes a file or link as the identity in effect, like node's `fs.promises.unlink()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => unlink('/srv/files/report.txt'));
 */
export const unlink: typeof nodePromises.unlink = asUser('unlink');

/**
 * Changes the times of a file as the identity in effect, like node's `fs.promises.utimes()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => utimes('/srv/files/report.txt', new Date(), new Date()));
 */
export const utimes: typeof nodePromises.utimes = asUser('utimes');

/**
 * Writes a file, which is opened as the identity in effect, like node's `fs.promises.writeFile()`.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error. Both reject the promise.
 * @example
 * await token.run(() => writeFile('/srv/files/notes.txt', 'A note of Alice\n'));
 */
export const writeFile: typeof nodePromises.writeFile = asUser('writeFile');

/**
 * Returns node's ReadStream for a file that is opened as the identity in effect, like node's `fs.createReadStream()`.
 * Errors of the file are emitted as `error` events.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error for invalid arguments. Both are thrown by the call itself.
 * @example
 * import { pipeline } from 'node:stream/promises';
 * await token.run(() => pipeline(createReadStream('/srv/files/report.txt'), response));
 */
export const createReadStream = ((path: unknown, options?: unknown) =>
  deferred().createReadStream(requireIdentity(), path, options)) as typeof nodeFs.createReadStream;

/**
 * Returns node's WriteStream for a file that is opened as the identity in effect, like node's `fs.createWriteStream()`.
 * Errors of the file are emitted as `error` events.
 *
 * @throws ImpersonationError `ERR_NO_TOKEN`, or node's error for invalid arguments. Both are thrown by the call itself.
 * @example
 * import { pipeline } from 'node:stream/promises';
 * await token.run(() => pipeline(request, createWriteStream('/srv/files/upload.bin')));
 */
export const createWriteStream = ((path: unknown, options?: unknown) =>
  deferred().createWriteStream(requireIdentity(), path, options)) as typeof nodeFs.createWriteStream;

/**
 * The constants of node:fs.
 *
 * @example
 * await token.run(() => access('/srv/files/report.txt', constants.R_OK | constants.W_OK));
 */
export const constants: typeof nodePromises.constants = nodeConstants;

export type { DisposableFolder };

/**
 * All functions and constants of `impersonate/fs`.
 *
 * @example
 * import files from 'impersonate/fs';
 * const names = await token.run(() => files.readdir('/srv/files'));
 */
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
