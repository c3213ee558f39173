import type { Dirent } from 'node:fs';
import { constants } from 'node:fs';
import type { FsEntries, FsPath } from '../../types/native';
import type { Identity } from '../identity';
import { jobSync, startJob } from './job';
import { asksForBytes, encoded, type Encoding } from './names';
import { originals } from './node-fs';
import { join } from './path';

/** An entry of a directory: its name as the system has it, and a UV_DIRENT_ type. */
export interface Entry {
  readonly name: FsPath;
  readonly type: number;
}

const { S_IFMT, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFREG, S_IFSOCK } = constants;
// Node has these without saying so in its types.
const numbers = constants as unknown as Readonly<Record<string, number>>;
const { UV_DIRENT_UNKNOWN = 0, UV_DIRENT_FILE, UV_DIRENT_DIR, UV_DIRENT_LINK } = numbers;
const { UV_DIRENT_FIFO, UV_DIRENT_SOCKET, UV_DIRENT_CHAR, UV_DIRENT_BLOCK } = numbers;

export const isDirectory = ({ type }: Entry): boolean => type === UV_DIRENT_DIR;
export const mayBeDirectory = ({ type }: Entry): boolean => type === UV_DIRENT_LINK || type === UV_DIRENT_DIR;

const types = new Map([
  [S_IFREG, UV_DIRENT_FILE],
  [S_IFDIR, UV_DIRENT_DIR],
  [S_IFLNK, UV_DIRENT_LINK],
  [S_IFCHR, UV_DIRENT_CHAR],
  // Not known on Windows.
  [S_IFIFO ?? -1, UV_DIRENT_FIFO],
  [S_IFSOCK ?? -2, UV_DIRENT_SOCKET],
  [S_IFBLK ?? -3, UV_DIRENT_BLOCK],
]);

const modeOf = (numbers: Float64Array | BigInt64Array): number => Number(numbers[1]);
const typeOf = (mode: number): number => types.get(mode & S_IFMT) ?? UV_DIRENT_UNKNOWN;

const zipped = ([names, found]: FsEntries): Entry[] =>
  names.map((name, index) => ({ name, type: found[index] ?? UV_DIRENT_UNKNOWN }));

/** The entries, with the types that the file system does not tell looked up as the identity. */
export function completed(identity: Identity, directory: FsPath, entries: FsEntries): Promise<Entry[]> {
  return Promise.all(
    zipped(entries).map((entry) =>
      entry.type !== UV_DIRENT_UNKNOWN
        ? entry
        : startJob(identity, 'lstat', join(directory, entry.name), false).then((numbers) => ({
            name: entry.name,
            type: typeOf(modeOf(numbers)),
          })),
    ),
  );
}

/** The same before it returns. */
export function completedSync(identity: Identity, directory: FsPath, entries: FsEntries): Entry[] {
  return zipped(entries).map(({ name, type }) => {
    if (type !== UV_DIRENT_UNKNOWN) return { name, type };
    return { name, type: typeOf(modeOf(jobSync(identity, 'lstat', join(directory, name), false))) };
  });
}

/** All of a directory, as the identity. */
export function scan(identity: Identity, directory: FsPath, encoding: Encoding): Promise<Entry[]> {
  return startJob(identity, 'scandir', directory, asksForBytes(encoding)).then((entries) =>
    completed(identity, directory, entries),
  );
}

type DirentClass = new (name: string | Buffer, type: number, path: FsPath) => Dirent;

/** Node's Dirent of an entry. */
export function toDirent({ name, type }: Entry, directory: FsPath, encoding: Encoding): Dirent {
  return new (originals.Dirent as unknown as DirentClass)(encoded(name, encoding), type, directory);
}
