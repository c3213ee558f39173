import { constants } from 'node:os';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { codeOf, unless } from './error';
import { invalid } from './parse';
import { startJob } from './job';
import { nodeMajor } from './node-fs';
import { toBoolean, toInt32, toUint32 } from './parse';
import { join, toPath } from './path';
import { toStats } from './stat';
import { findingError } from './error';

interface Removal {
  readonly recursive: boolean;
  readonly force: boolean;
  readonly maxRetries: number;
  /** Milliseconds, times the number of the attempt. */
  readonly retryDelay: number;
}

const isWindows = process.platform === 'win32';
const worthRetrying = new Set(['EBUSY', 'EMFILE', 'ENFILE', 'ENOTEMPTY', 'EPERM']);
const notEmpty = new Set(['ENOTEMPTY', 'EEXIST', ...(isWindows && nodeMajor >= 24 ? [] : ['EPERM'])]);

function toRemoval(given: unknown, forcing: boolean): Removal {
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

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

const isFolder = (identity: Identity, call: 'lstat' | 'stat', path: FsPath): Promise<boolean> =>
  startJob(identity, call, path, false).then((numbers) => toStats(numbers).isDirectory());

const unlinked = (identity: Identity, path: FsPath): Promise<void> => startJob(identity, 'unlink', path);

/** What is in it first, if need be. `otherwise` is what to say of something that is no folder after all. */
function removeFolder(identity: Identity, path: FsPath, removal: Removal, otherwise?: Error): Promise<void> {
  const remove = (): Promise<void> => startJob(identity, 'rmdir', path);
  return remove().catch((error: unknown) => {
    const code = codeOf(error) ?? '';
    if (code === 'ENOTDIR' && otherwise !== undefined) throw otherwise;
    if (!notEmpty.has(code)) throw error;
    return startJob(identity, 'scandir', path, true)
      .then(([names]) => Promise.all(names.map((name) => removeTree(identity, join(path, name), removal))))
      .then(remove);
  });
}

/** A file that Windows does not let go of may be read-only. */
function removeReadOnly(identity: Identity, path: FsPath, removal: Removal, error: Error): Promise<void> {
  const giveUp = (reason: unknown): never => {
    throw codeOf(reason) === 'ENOENT' ? (reason as Error) : error;
  };
  return startJob(identity, 'chmod', path, 0o666)
    .then(() => isFolder(identity, 'stat', path))
    .catch(giveUp)
    .then((folder) => (folder ? removeFolder(identity, path, removal, error) : unlinked(identity, path)));
}

function removeOnce(identity: Identity, path: FsPath, removal: Removal): Promise<void> {
  return isFolder(identity, 'lstat', path).then(
    (folder) => {
      if (folder) return removeFolder(identity, path, removal);
      return unlinked(identity, path).catch((error: unknown) => {
        const code = codeOf(error);
        if (code === 'EISDIR' || (code === 'EPERM' && !isWindows)) {
          return removeFolder(identity, path, removal, error as Error);
        }
        if (code !== 'EPERM') throw error;
        return removeReadOnly(identity, path, removal, error as Error);
      });
    },
    (error: unknown) => {
      if (isWindows && codeOf(error) === 'EPERM')
        return removeReadOnly(identity, path, removal, error as Error);
      if (codeOf(error) === 'ENOENT') throw error;
      return unlinked(identity, path);
    },
  );
}

/**
 * Removes it with all that is below, every step as the identity; links are removed, not followed. Whatever is put in
 * its place meanwhile, nothing is removed that the identity may not remove. Does nothing if it is gone already.
 */
export function removeTree(identity: Identity, path: FsPath, removal: Removal, retries = 0): Promise<void> {
  return removeOnce(identity, path, removal).catch((error: unknown) => {
    const code = codeOf(error) ?? '';
    if (code === 'ENOENT') return;
    if (!worthRetrying.has(code) || retries >= removal.maxRetries) throw error;
    return later((retries + 1) * removal.retryDelay).then(() =>
      removeTree(identity, path, removal, retries + 1),
    );
  });
}

export function rm(identity: Identity, given: unknown, options: unknown): Promise<void> {
  const path = toPath(given);
  const removal = toRemoval(options, true);
  return isFolder(identity, 'lstat', path)
    .catch((error: unknown) =>
      removal.force ? unless(false, 'ENOENT')(error) : Promise.reject(error as Error),
    )
    .then((folder) => {
      if (!folder || removal.recursive) return removeTree(identity, path, removal);
      const info = {
        code: 'EISDIR',
        message: 'is a directory',
        path,
        syscall: 'rm',
        errno: constants.errno.EISDIR,
      };
      throw findingError('ERR_FS_EISDIR', 'Path is a directory', info);
    });
}

/** Once, as node does. */
let warned = false;

function warnOfRecursion(): void {
  if (warned || process.noDeprecation) return;
  warned = true;
  process.emitWarning(
    'In future versions of Node.js, fs.rmdir(path, { recursive: true }) will be removed. Use fs.rm(path, { recursive: true }) instead',
    'DeprecationWarning',
    'DEP0147',
  );
}

export function rmdir(identity: Identity, given: unknown, options: unknown): Promise<void> {
  const path = toPath(given);
  const remove = (): Promise<void> => startJob(identity, 'rmdir', path);
  if (nodeMajor >= 26) {
    if (options !== undefined && (typeof options !== 'object' || options === null)) return invalid();
    return (options as { recursive?: unknown } | undefined)?.recursive === undefined ? remove() : invalid();
  }
  const removal = toRemoval(options, false);
  if (!removal.recursive) return remove();
  warnOfRecursion();
  return isFolder(identity, 'stat', path).then((folder) =>
    folder ? removeTree(identity, path, removal) : remove(),
  );
}
