import { constants } from 'node:os';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { toNames } from './entries';
import { checkError, codeOf, fallback } from './error';
import { invalid, toBoolean, toInt32, toUint32 } from './parse';
import { startJob } from './job';
import { nodeMajor, setTimer } from './node-fs';
import { warnOfRecursiveRmdir } from './node-internals/argument-errors';
import { join, toPath } from './path';
import { toStats } from './stat';

interface RemoveOptions {
  readonly recursive: boolean;
  readonly force: boolean;
  readonly maxRetries: number;
  /** In milliseconds; multiplied by the number of the attempt. */
  readonly retryDelay: number;
}

const isWindows = process.platform === 'win32';
const retryableCodes = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM']);
const notEmptyCodes = new Set(['ENOTEMPTY', 'EEXIST', ...(isWindows && nodeMajor >= 24 ? [] : ['EPERM'])]);

function toRemoveOptions(given: unknown, forcing: boolean): RemoveOptions {
  if (given === undefined) return { recursive: false, force: false, maxRetries: 0, retryDelay: 100 };
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return invalid();
  const all = { recursive: false, force: false, maxRetries: 0, retryDelay: 100, ...given };
  return {
    recursive: toBoolean(all.recursive),
    force: forcing && toBoolean(all.force),
    maxRetries: toUint32(all.maxRetries),
    retryDelay: toInt32(all.retryDelay, 0),
  };
}

const delay = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimer(resolve, milliseconds);
  });

const isDirectory = (identity: Identity, call: 'lstat' | 'stat', path: FsPath): Promise<boolean> =>
  startJob(identity, call, path, false).then((numbers) => toStats(numbers).isDirectory());

const unlink = (identity: Identity, path: FsPath): Promise<void> => startJob(identity, 'unlink', path);

/**
 * Removes a directory, and first its content if it is not empty. `notDirectory` is the error to throw if the path is
 * not a directory.
 */
function removeDirectory(
  identity: Identity,
  path: FsPath,
  removal: RemoveOptions,
  notDirectory?: Error,
): Promise<void> {
  const remove = (): Promise<void> => startJob(identity, 'rmdir', path);
  return remove().catch((error: unknown) => {
    const code = codeOf(error) ?? '';
    if (code === 'ENOTDIR' && notDirectory !== undefined) throw notDirectory;
    if (!notEmptyCodes.has(code)) throw error;
    return startJob(identity, 'scandir', path, true)
      .then((found) =>
        Promise.all(toNames(found).map((name) => removeTree(identity, join(path, name), removal))),
      )
      .then(remove);
  });
}

/** Removes a read-only file or directory: Windows returns EPERM until the attribute is cleared. */
function removeReadOnly(
  identity: Identity,
  path: FsPath,
  removal: RemoveOptions,
  error: Error,
): Promise<void> {
  const giveUp = (reason: unknown): never => {
    throw codeOf(reason) === 'ENOENT' ? (reason as Error) : error;
  };
  return startJob(identity, 'chmod', path, 0o666)
    .then(() => isDirectory(identity, 'stat', path))
    .catch(giveUp)
    .then((isDir) => (isDir ? removeDirectory(identity, path, removal, error) : unlink(identity, path)));
}

function removeOnce(identity: Identity, path: FsPath, removal: RemoveOptions): Promise<void> {
  return isDirectory(identity, 'lstat', path).then(
    (isDir) => {
      if (isDir) return removeDirectory(identity, path, removal);
      return unlink(identity, path).catch((error: unknown) => {
        const code = codeOf(error);
        if (code === 'EISDIR' || (code === 'EPERM' && !isWindows)) {
          return removeDirectory(identity, path, removal, error as Error);
        }
        if (code !== 'EPERM') throw error;
        return removeReadOnly(identity, path, removal, error as Error);
      });
    },
    (error: unknown) => {
      if (isWindows && codeOf(error) === 'EPERM')
        return removeReadOnly(identity, path, removal, error as Error);
      if (codeOf(error) === 'ENOENT') throw error;
      return unlink(identity, path);
    },
  );
}

/**
 * Removes the path with everything below it, every step as the identity. Links are removed, not followed. If another
 * process replaces the path during the removal, only what the identity may remove is removed. A missing path is not an
 * error.
 */
export function removeTree(
  identity: Identity,
  path: FsPath,
  removal: RemoveOptions,
  retries = 0,
): Promise<void> {
  return removeOnce(identity, path, removal).catch((error: unknown) => {
    const code = codeOf(error) ?? '';
    if (code === 'ENOENT') return;
    if (!retryableCodes.has(code) || retries >= removal.maxRetries) throw error;
    return delay((retries + 1) * removal.retryDelay).then(() =>
      removeTree(identity, path, removal, retries + 1),
    );
  });
}

/** Removes a file or directory as the identity, like fs.promises.rm(). */
export function rm(identity: Identity, given: unknown, options: unknown): Promise<void> {
  const path = toPath(given);
  const removal = toRemoveOptions(options, true);
  return isDirectory(identity, 'lstat', path)
    .catch((error: unknown) =>
      removal.force ? fallback(false, 'ENOENT')(error) : Promise.reject(error as Error),
    )
    .then((isDir) => {
      if (!isDir || removal.recursive) return removeTree(identity, path, removal);
      const info = {
        code: 'EISDIR',
        message: 'is a directory',
        path,
        syscall: 'rm',
        errno: constants.errno.EISDIR,
      };
      throw checkError('ERR_FS_EISDIR', 'Path is a directory', info);
    });
}

/** Removes a directory as the identity, like fs.promises.rmdir(). */
export function rmdir(identity: Identity, given: unknown, options: unknown): Promise<void> {
  const path = toPath(given);
  const remove = (): Promise<void> => startJob(identity, 'rmdir', path);
  if (nodeMajor >= 26) {
    if (options !== undefined && (typeof options !== 'object' || options === null)) return invalid();
    return (options as { recursive?: unknown } | undefined)?.recursive === undefined ? remove() : invalid();
  }
  const removal = toRemoveOptions(options, false);
  if (!removal.recursive) return remove();
  warnOfRecursiveRmdir();
  return isDirectory(identity, 'stat', path).then((isDir) =>
    isDir ? removeTree(identity, path, removal) : remove(),
  );
}
