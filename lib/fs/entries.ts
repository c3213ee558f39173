import type { Dirent } from 'node:fs';
import { constants } from 'node:fs';
import type { FsEntries, FsPath } from '../../types/native';
import type { Steps } from './dir-reader';
import { encoded, type Encoding, join, needsBytes } from './path';
import { originals } from './node-fs';

/** An entry of a directory: its name as the system returns it, and its type as a UV_DIRENT_ constant. */
export interface Entry {
  readonly name: FsPath;
  readonly type: number;
}

const { S_IFMT, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } = constants;
// Node exports these constants, but @types/node does not declare them.
const uvConstants = constants as unknown as Readonly<Record<string, number>>;
const { UV_DIRENT_UNKNOWN = 0, UV_DIRENT_FILE, UV_DIRENT_DIR, UV_DIRENT_LINK } = uvConstants;
const { UV_DIRENT_FIFO, UV_DIRENT_SOCKET, UV_DIRENT_CHAR, UV_DIRENT_BLOCK } = uvConstants;

export const isDirectory = ({ type }: Entry): boolean => type === UV_DIRENT_DIR;
export const mayBeDirectory = ({ type }: Entry): boolean => type === UV_DIRENT_LINK || type === UV_DIRENT_DIR;

const types = new Map([
  [S_IFREG, UV_DIRENT_FILE],
  [S_IFDIR, UV_DIRENT_DIR],
  [S_IFLNK, UV_DIRENT_LINK],
  [S_IFCHR, UV_DIRENT_CHAR],
  [S_IFIFO, UV_DIRENT_FIFO],
  [S_IFSOCK, UV_DIRENT_SOCKET],
  [S_IFBLK, UV_DIRENT_BLOCK],
]);

/** Returns the UV_DIRENT_ type for the result of libuv's lstat. */
export const typeOf = (stats: Float64Array | BigInt64Array): number =>
  types.get(Number(stats[1]) & S_IFMT) ?? UV_DIRENT_UNKNOWN;

export const isUnknown = ({ type }: Entry): boolean => type === UV_DIRENT_UNKNOWN;

/** Returns the names of libuv. */
export function toNames([names, types]: FsEntries): readonly FsPath[] {
  if (typeof names !== 'string') return names;
  return types === '' ? [] : names.split('/');
}

/** Returns the names and types of libuv as entries. If the file system does not report types, lstat determines them. */
export function* withTypes(directory: FsPath, found: FsEntries): Steps<Entry[]> {
  const entries = toNames(found).map((name, index) => ({ name, type: Number(found[1][index]) }));
  if (!entries.some(isUnknown)) return entries;
  for (const entry of entries.filter(isUnknown)) {
    entry.type = typeOf((yield ['lstat', join(directory, entry.name), false]) as Float64Array);
  }
  return entries;
}

/** Reads the names in a directory. */
export function* scanNames(directory: FsPath, encoding: Encoding): Steps<readonly FsPath[]> {
  return toNames((yield ['scandir', directory, needsBytes(encoding)]) as FsEntries);
}

/** Reads a whole directory. */
export function* scan(directory: FsPath, encoding: Encoding): Steps<Entry[]> {
  return yield* withTypes(directory, (yield ['scandir', directory, needsBytes(encoding)]) as FsEntries);
}

type DirentClass = new (name: string | Buffer, type: number, path: FsPath) => Dirent;

/** Returns node's Dirent for an entry. */
export function toDirent({ name, type }: Entry, directory: FsPath, encoding: Encoding): Dirent {
  return new (originals.Dirent as unknown as DirentClass)(encoded(name, encoding), type, directory);
}
