import type { BigIntStats } from 'node:fs';
import { constants } from 'node:os';
import { dirname, parse, resolve, sep } from 'node:path';
import type { Identity } from '../flow/identity';
import { findingError, unless } from './error';
import { startJob } from './job';
import { invalid, toBits, toBoolean } from './parse';
import { toStats } from './stat';

type Kind = readonly [key: string, says: string, code: keyof typeof constants.errno];

const directory: Kind = ['ERR_FS_EISDIR', 'Path is a directory', 'EISDIR'];
const exists: Kind = ['ERR_FS_CP_EEXIST', 'Target already exists', 'EEXIST'];
const fifo: Kind = ['ERR_FS_CP_FIFO_PIPE', 'Cannot copy a FIFO pipe', 'EINVAL'];
const invalidPair: Kind = ['ERR_FS_CP_EINVAL', 'Invalid src or dest', 'EINVAL'];
const intoFile: Kind = [
  'ERR_FS_CP_DIR_TO_NON_DIR',
  'Cannot overwrite non-directory with directory',
  'EISDIR',
];
const ontoFolder: Kind = [
  'ERR_FS_CP_NON_DIR_TO_DIR',
  'Cannot overwrite directory with non-directory',
  'ENOTDIR',
];
const intoItself: Kind = [
  'ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY',
  'Cannot overwrite symlink in subdirectory of self',
  'EINVAL',
];
const socket: Kind = ['ERR_FS_CP_SOCKET', 'Cannot copy a socket file', 'EINVAL'];
const unknown: Kind = ['ERR_FS_CP_UNKNOWN', 'Cannot copy an unknown file type', 'EINVAL'];

const kinds = {
  ...{ directory, exists, fifo, invalidPair, intoFile },
  ...{ ontoFolder, intoItself, socket, unknown },
};

/** What node's cp() finds wrong with what it is asked to copy. */
export function copyError(kind: keyof typeof kinds, path: string, message: string): Error {
  const [key, says, code] = kinds[kind];
  return findingError(key, says, { message, path, syscall: 'cp', errno: constants.errno[code], code });
}

type Filter = (source: string, destination: string) => boolean | Promise<boolean>;

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
  /** Null where there is nothing yet. */
  readonly destination: BigIntStats | null;
}

const look = (identity: Identity, call: 'lstat' | 'stat', path: string): Promise<BigIntStats> =>
  startJob(identity, call, path, true).then((numbers) => toStats(numbers) as BigIntStats);

/** What is at the path, through a link or not; null if nothing is. */
export const lookFor = (
  identity: Identity,
  call: 'lstat' | 'stat',
  path: string,
): Promise<BigIntStats | null> => look(identity, call, path).catch(unless(null, 'ENOENT'));

const areSame = (one: BigIntStats, other: BigIntStats): boolean =>
  Boolean(other.ino && other.dev) && other.ino === one.ino && other.dev === one.dev;

const parts = (path: string): string[] => resolve(path).split(sep).filter(Boolean);

/** By the text of the paths alone. */
export function isInside(path: string, folder: string): boolean {
  const names = parts(path);
  return parts(folder).every((name, index) => names[index] === name);
}

const intoSelf = (source: string, destination: string): Error =>
  copyError('invalidPair', destination, `cannot copy ${source} to a subdirectory of self ${destination}`);

/** What both are, if the one may be copied to the other; undefined if the caller's filter says not to. */
export async function checkPair(
  identity: Identity,
  source: string,
  destination: string,
  { dereference, filter }: CopyOptions,
): Promise<Pair | undefined> {
  if (filter && !(await filter(source, destination))) return undefined;
  const call = dereference ? 'stat' : 'lstat';
  const [from, to] = await Promise.all([look(identity, call, source), lookFor(identity, call, destination)]);
  if (to) {
    if (areSame(from, to)) throw copyError('invalidPair', destination, 'src and dest cannot be the same');
    if (from.isDirectory() && !to.isDirectory()) {
      throw copyError(
        'intoFile',
        destination,
        `cannot overwrite non-directory ${destination} with directory ${source}`,
      );
    }
    if (!from.isDirectory() && to.isDirectory()) {
      throw copyError(
        'ontoFolder',
        destination,
        `cannot overwrite directory ${destination} with non-directory ${source}`,
      );
    }
  }
  if (from.isDirectory() && isInside(destination, source)) throw intoSelf(source, destination);
  return { source: from, destination: to };
}

/** No folder above the destination may be the source, under whatever name. */
export async function checkAbove(
  identity: Identity,
  source: string,
  from: BigIntStats,
  destination: string,
): Promise<void> {
  const above = resolve(dirname(destination));
  if (above === resolve(dirname(source)) || above === parse(above).root) return;
  const found = await lookFor(identity, 'stat', above);
  if (!found) return;
  if (areSame(from, found)) throw intoSelf(source, destination);
  await checkAbove(identity, source, from, above);
}
