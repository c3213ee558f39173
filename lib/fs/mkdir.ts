import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { FsPath } from '../../types/native';
import type { Identity } from '../identity';
import { codeOf, systemError } from './error';
import { startJob } from './job';
import { toBoolean, toMode } from './parse';
import { bytesOf, forSystem, textOf, toPath } from './path';
import { toStats } from './stats';

const numberOf = (name: string): number =>
  [...getSystemErrorMap()].find(([, [code]]) => code === name)?.[0] ?? 0;
const UV_EEXIST = numberOf('EEXIST');
const UV_ENOTDIR = numberOf('ENOTDIR');

/** What ends the making of folders; everything else may mean that the folder is there. */
const final = new Set(['EACCES', 'ENOSPC', 'ENOTDIR', 'EPERM']);

function above(path: FsPath): FsPath {
  if (typeof path === 'string') return dirname(path);
  const text = bytesOf(path).toString('latin1');
  return Buffer.from(dirname(text), 'latin1');
}

const same = (one: FsPath, other: FsPath): boolean => bytesOf(one).equals(bytesOf(other));

/** Resolves if there is a folder; the error says that it could not be made. */
function expectFolder(identity: Identity, path: FsPath, isLast: boolean): Promise<void> {
  const fail = (errno: number): never => {
    throw systemError(errno, 'mkdir', { path: forSystem(path) });
  };
  return startJob(identity, 'stat', path, false).then(
    (numbers) => {
      if (!toStats(numbers).isDirectory()) fail(isLast ? UV_EEXIST : UV_ENOTDIR);
    },
    (error: unknown) => fail(isLast ? Number((error as NodeJS.ErrnoException).errno) : UV_ENOTDIR),
  );
}

/** Makes the folder and, from the top, what is missing above it; resolves with the first that was made, if any. */
function makeAll(identity: Identity, path: FsPath, mode: number, isLast = true): Promise<FsPath | undefined> {
  const make = (): Promise<FsPath> => startJob(identity, 'mkdir', path, mode).then(() => path);
  return make().catch((error: unknown): Promise<FsPath | undefined> => {
    const code = codeOf(error);
    if (code === undefined || final.has(code)) throw error;
    const parent = above(path);
    if (code === 'ENOENT' && !same(parent, path)) {
      return makeAll(identity, parent, mode, false).then((first) => make().then((made) => first ?? made));
    }
    return expectFolder(identity, path, isLast).then(() => undefined);
  });
}

export function mkdir(identity: Identity, given: unknown, options: unknown): Promise<string | undefined> {
  const bare = typeof options === 'number' || typeof options === 'string';
  const { recursive, mode } = (bare ? { mode: options } : (options ?? {})) as Record<string, unknown>;
  const path = toPath(given);
  const bits = toMode(mode, 0o777);
  if (recursive === undefined || !toBoolean(recursive)) {
    return startJob(identity, 'mkdir', path, bits).then(() => undefined);
  }
  return makeAll(identity, path, bits).then((first) =>
    first === undefined ? first : textOf(forSystem(first)),
  );
}
