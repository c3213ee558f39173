import { exceptForArchives } from './archives';
import { callback, exists, glob, globPromise, promise, withNative } from './async';
import { isPath } from '../fs/path';
import { close, directory, disposable, openSync, sync, watch, watchPromise } from './sync';
import { exceptForLoaders } from './node-callers';
import {
  type Router,
  notRoutable,
  notRoutableBecause,
  notRoutableClass,
  unrouted,
  untouched,
} from './router';
import { stream } from './streams';

type Table = Readonly<Record<string, Router>>;

const table = (entries: Table): Table => Object.setPrototypeOf(entries, null) as Table;

const all = <R>(value: R, ...names: string[]): Record<string, R> =>
  Object.fromEntries(names.map((name) => [name, value]));

/** Whether node accepts these options of openAsBlob(). */
function isBlobOptions(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  const { type } = options as { type?: unknown };
  return !type || typeof type === 'string';
}

/** The routers of all exports of node:fs, in every supported version of node. */
export const fsTable: Table = table({
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
  readFileSync: exceptForLoaders(sync),
  realpathSync: withNative(exceptForLoaders(sync)),
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
  ...all(unrouted, ...untouched),

  ...all(stream, 'ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream'),

  ...all(
    notRoutableBecause(
      'the Blob opens the file again when it is read: use new Blob([await fs.promises.readFile(path)])',
      (path, options = {}) => isPath(path) && isBlobOptions(options),
    ),
    'openAsBlob',
    'openAsBlobSync',
  ),
  watchFile: notRoutableBecause(
    'node reads the stats on threads without a user: use fs.watch()',
    (path, ...rest) => isPath(path) && rest.slice(0, 2).some((arg) => typeof arg === 'function'),
  ),
  Utf8Stream: notRoutableClass,
});

/** The routers of all exports of node:fs/promises. */
export const promisesTable: Table = table({
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
  readFile: exceptForLoaders(promise),
  glob: globPromise,
  watch: watchPromise,
  constants: unrouted,
});

/**
 * Returns the router for an export of a later version of node. A function whose name ends with Sync can be routed; any
 * other export throws in a flow or scope.
 */
const routerForUnknown = (name: string): Router => (name.endsWith('Sync') ? sync : notRoutable);

const routeBy =
  (table: Table): Router =>
  (name, original, called) =>
    (table[name] ?? routerForUnknown(name))(name, original, called);

/** Routes a function of node:fs. */
export const routeFunction: Router = exceptForArchives(routeBy(fsTable));

const routeByPromises = routeBy(promisesTable);
const promiseExceptForArchives = exceptForArchives(routeByPromises);

/** Routes a function of node:fs/promises. A FileHandle could change its file as the process, so open() is the user's. */
export const routePromise: Router = (name, original, called) =>
  (name === 'open' ? routeByPromises : promiseExceptForArchives)(name, original, called);
