import { callback, exists, withNative } from './async';
import { disposable } from './sync';
import { glob, globPromise } from './async';
import { directory } from './sync';
import { alsoForNode } from './modules';
import { promise } from './async';
import { refused, refusedClass } from './router';
import type { Router } from './router';
import { stream } from './streams';
import { close, openSync, sync } from './sync';
import { untouched } from './router';
import { watch } from './sync';

type Table = Readonly<Record<string, Router>>;

const all = <R>(value: R, ...names: string[]): Record<string, R> =>
  Object.fromEntries(names.map((name) => [name, value]));

/** What becomes of everything that node:fs exports, in any version. */
export const fsTable: Table = {
  ...all(
    sync,
    'accessSync',
    'appendFileSync',
    'chmodSync',
    'chownSync',
    'copyFileSync',
    'cpSync',
    'existsSync',
  ),
  ...all(sync, 'fchmodSync', 'fchownSync', 'futimesSync', 'globSync', 'lchmodSync', 'lchownSync', 'linkSync'),
  ...all(sync, 'lstatSync', 'lutimesSync', 'mkdirSync', 'mkdtempSync', 'readdirSync', 'readlinkSync'),
  ...all(sync, 'renameSync', 'rmSync', 'rmdirSync', 'statSync', 'statfsSync', 'symlinkSync', 'truncateSync'),
  ...all(sync, 'unlinkSync', 'utimesSync', 'writeFileSync'),
  openSync,
  readFileSync: alsoForNode(sync),
  realpathSync: withNative(alsoForNode(sync)),
  mkdtempDisposableSync: disposable,
  opendirSync: directory,

  ...all(
    callback(1),
    'access',
    'lstat',
    'mkdir',
    'mkdtemp',
    'open',
    'opendir',
    'readFile',
    'readdir',
    'readlink',
  ),
  ...all(callback(1), 'rm', 'rmdir', 'stat', 'statfs', 'truncate', 'unlink'),
  ...all(
    callback(2),
    'appendFile',
    'chmod',
    'copyFile',
    'cp',
    'fchmod',
    'lchmod',
    'link',
    'rename',
    'symlink',
  ),
  ...all(callback(2), 'writeFile'),
  ...all(callback(3), 'chown', 'fchown', 'futimes', 'lchown', 'lutimes', 'utimes'),
  realpath: withNative(callback(1)),
  exists,
  glob,
  watch,

  ...all(close, 'close', 'closeSync'),
  ...all(untouched, 'read', 'readSync', 'readv', 'readvSync', 'write', 'writeSync', 'writev', 'writevSync'),
  ...all(untouched, 'fdatasync', 'fdatasyncSync', 'fstat', 'fstatSync', 'fsync', 'fsyncSync', 'ftruncate'),
  ...all(untouched, 'ftruncateSync', 'unwatchFile', '_toUnixTimestamp'),
  ...all(untouched, 'Dir', 'Dirent', 'Stats', 'F_OK', 'R_OK', 'W_OK', 'X_OK', 'constants', 'promises'),

  ...all(stream, 'ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream'),
  // They make one of the streams.
  ...all(untouched, 'createReadStream', 'createWriteStream'),

  ...all(refused, 'openAsBlob', 'openAsBlobSync', 'watchFile'),
  Utf8Stream: refusedClass,
};

/** The same for node:fs/promises. */
export const promisesTable: Table = {
  ...all(
    promise,
    'access',
    'appendFile',
    'chmod',
    'chown',
    'copyFile',
    'cp',
    'lchmod',
    'lchown',
    'link',
    'lstat',
  ),
  ...all(
    promise,
    'lutimes',
    'mkdir',
    'mkdtemp',
    'mkdtempDisposable',
    'open',
    'opendir',
    'readdir',
    'readlink',
  ),
  ...all(promise, 'realpath', 'rename', 'rm', 'rmdir', 'stat', 'statfs', 'symlink', 'truncate', 'unlink'),
  ...all(promise, 'utimes', 'writeFile'),
  readFile: alsoForNode(promise),
  glob: globPromise,
  watch: refused,
  constants: untouched,
};

/** For what a later version of node adds: by its name as far as that goes, and otherwise not at all. */
export function unknown(name: string): Router {
  if (name.endsWith('Sync')) return sync;
  return /^[A-Z]/.test(name) ? refusedClass : refused;
}
