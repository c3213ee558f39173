import type { BigIntStats } from 'node:fs';
import { constants } from 'node:os';
import { dirname, parse, resolve, sep } from 'node:path';
import type { Identity } from '../flow/identity';
import { checkError, fallback } from './error';
import { startJob } from './job';
import { invalid, toBits, toBoolean } from './parse';
import { toStats } from './stat';

type Kind = readonly [key: string, summary: string, code: keyof typeof constants.errno];

const directory: Kind = ['ERR_FS_EISDIR', 'Path is a directory', 'EISDIR'];
const exists: Kind = ['ERR_FS_CP_EEXIST', 'Target already exists', 'EEXIST'];
const fifo: Kind = ['ERR_FS_CP_FIFO_PIPE', 'Cannot copy a FIFO pipe', 'EINVAL'];
const invalidPair: Kind = ['ERR_FS_CP_EINVAL', 'Invalid src or dest', 'EINVAL'];
const dirToNonDir: Kind = [
  'ERR_FS_CP_DIR_TO_NON_DIR',
  'Cannot overwrite non-directory with directory',
  'EISDIR',
];
const nonDirToDir: Kind = [
  'ERR_FS_CP_NON_DIR_TO_DIR',
  'Cannot overwrite directory with non-directory',
  'ENOTDIR',
];
const symlinkToSubdirectory: Kind = [
  'ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY',
  'Cannot overwrite symlink in subdirectory of self',
  'EINVAL',
];
const socket: Kind = ['ERR_FS_CP_SOCKET', 'Cannot copy a socket file', 'EINVAL'];
const unknown: Kind = ['ERR_FS_CP_UNKNOWN', 'Cannot copy an unknown file type', 'EINVAL'];

const kinds = {
  ...{ directory, exists, fifo, invalidPair, dirToNonDir },
  ...{ nonDirToDir, symlinkToSubdirectory, socket, unknown },
};

/** Returns the error that node's cp() throws for one of its own checks. */
export function copyError(kind: keyof typeof kinds, path: string, message: string): Error {
  const [key, summary, code] = kinds[kind];
  return checkError(key, summary, { message, path, syscall: 'cp', errno: constants.errno[code], code });
}

type Filter = (source: string, destination: string) => boolean | Promise<boolean>;

/** The options of cp(), validated and with defaults. */
export interface CopyOptions {
  readonly dereference: boolean;
  readonly errorOnExist: boolean;
  readonly filter: Filter | undefined;
  readonly force: boolean;
  readonly mode: number;
  readonly preserveTimestamps: boolean;
  readonly recursive: boolean;
  readonly verbatimSymlinks: boolean;
}

const defaults = {
  ...{ dereference: false, errorOnExist: false, force: true, preserveTimestamps: false },
  ...{ recursive: false, verbatimSymlinks: false },
};

/** Validates the options of cp(). */
export function toCopyOptions(given: unknown): CopyOptions {
  if (given !== undefined && (typeof given !== 'object' || given === null || Array.isArray(given)))
    return invalid();
  const { filter, mode, ...all } = {
    ...defaults,
    ...(given as Record<string, unknown> | undefined),
  } as Record<string, unknown>;
  if (filter !== undefined && typeof filter !== 'function') return invalid();
  const options = {
    dereference: toBoolean(all.dereference),
    errorOnExist: toBoolean(all.errorOnExist),
    filter: filter as Filter | undefined,
    force: toBoolean(all.force),
    mode: toBits(mode),
    preserveTimestamps: toBoolean(all.preserveTimestamps),
    recursive: toBoolean(all.recursive),
    verbatimSymlinks: toBoolean(all.verbatimSymlinks),
  };
  return options.dereference && options.verbatimSymlinks ? invalid() : options;
}

interface Pair {
  readonly source: BigIntStats;
  /** Null if the destination does not exist. */
  readonly destination: BigIntStats | null;
}

const statOf = (identity: Identity, call: 'lstat' | 'stat', path: string): Promise<BigIntStats> =>
  startJob(identity, call, path, true).then((numbers) => toStats(numbers) as BigIntStats);

/** Returns the stats of the path; null if it does not exist. `stat` follows a link, `lstat` does not. */
export const statIfExists = (
  identity: Identity,
  call: 'lstat' | 'stat',
  path: string,
): Promise<BigIntStats | null> => statOf(identity, call, path).catch(fallback(null, 'ENOENT'));

const areSame = (one: BigIntStats, other: BigIntStats): boolean =>
  Boolean(other.ino && other.dev) && other.ino === one.ino && other.dev === one.dev;

const componentsOf = (path: string): string[] => resolve(path).split(sep).filter(Boolean);

/** Whether `path` is `folder` or below it, by comparing the text of the two paths. */
export function isInside(path: string, folder: string): boolean {
  const names = componentsOf(path);
  return componentsOf(folder).every((name, index) => names[index] === name);
}

const subdirectoryError = (source: string, destination: string): Error =>
  copyError('invalidPair', destination, `cannot copy ${source} to a subdirectory of self ${destination}`);

/**
 * Returns the stats of both paths if the source may be copied to the destination; undefined if the caller's filter
 * excludes the source. Throws node's error for a pair that cannot be copied.
 */
export async function checkPair(
  identity: Identity,
  source: string,
  destination: string,
  { dereference, filter }: CopyOptions,
): Promise<Pair | undefined> {
  if (filter && !(await filter(source, destination))) return undefined;
  const call = dereference ? 'stat' : 'lstat';
  const [from, to] = await Promise.all([
    statOf(identity, call, source),
    statIfExists(identity, call, destination),
  ]);
  if (to) {
    if (areSame(from, to)) throw copyError('invalidPair', destination, 'src and dest cannot be the same');
    if (from.isDirectory() && !to.isDirectory()) {
      throw copyError(
        'dirToNonDir',
        destination,
        `cannot overwrite non-directory ${destination} with directory ${source}`,
      );
    }
    if (!from.isDirectory() && to.isDirectory()) {
      throw copyError(
        'nonDirToDir',
        destination,
        `cannot overwrite directory ${destination} with non-directory ${source}`,
      );
    }
  }
  if (from.isDirectory() && isInside(destination, source)) throw subdirectoryError(source, destination);
  return { source: from, destination: to };
}

/** Throws if a parent directory of the destination is the source, compared by device and inode. */
export async function checkParents(
  identity: Identity,
  source: string,
  from: BigIntStats,
  destination: string,
): Promise<void> {
  const parent = resolve(dirname(destination));
  if (parent === resolve(dirname(source)) || parent === parse(parent).root) return;
  const parentStats = await statIfExists(identity, 'stat', parent);
  if (!parentStats) return;
  if (areSame(from, parentStats)) throw subdirectoryError(source, destination);
  await checkParents(identity, source, from, parent);
}
