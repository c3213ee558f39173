import { dirname } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { doAsync, type Steps } from './dir-reader';
import { codeOf, systemError } from './error';
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

/** Returns if there is a folder; the error says that it could not be made. */
function* expectFolder(path: FsPath, isLast: boolean): Steps<undefined> {
  const fail = (errno: number): never => {
    throw systemError(errno, 'mkdir', { path: forSystem(path) });
  };
  let numbers;
  try {
    numbers = (yield ['stat', path, false]) as Float64Array;
  } catch (error) {
    return fail(isLast ? Number((error as NodeJS.ErrnoException).errno) : UV_ENOTDIR);
  }
  return toStats(numbers).isDirectory() ? undefined : fail(isLast ? UV_EEXIST : UV_ENOTDIR);
}

/** Makes the folder and, from the top, what is missing above it; returns the first that was made, if any. */
function* makeAll(path: FsPath, mode: number, isLast = true): Steps<FsPath | undefined> {
  try {
    yield ['mkdir', path, mode];
    return path;
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || final.has(code)) throw error;
    const parent = above(path);
    if (code !== 'ENOENT' || same(parent, path)) return yield* expectFolder(path, isLast);
    const first = yield* makeAll(parent, mode, false);
    yield ['mkdir', path, mode];
    return first ?? path;
  }
}

function* make(path: FsPath, mode: number, recursive: boolean): Steps<string | undefined> {
  if (!recursive) {
    yield ['mkdir', path, mode];
    return undefined;
  }
  const first = yield* makeAll(path, mode);
  return first === undefined ? first : textOf(forSystem(first));
}

/** The steps of mkdir(). */
export function mkdirSteps(given: unknown, options: unknown): Steps<string | undefined> {
  const bare = typeof options === 'number' || typeof options === 'string';
  const { recursive, mode } = (bare ? { mode: options } : (options ?? {})) as Record<string, unknown>;
  const path = toPath(given);
  return make(path, toMode(mode, 0o777), recursive !== undefined && toBoolean(recursive));
}

export function mkdir(identity: Identity, given: unknown, options: unknown): Promise<string | undefined> {
  return doAsync(identity, mkdirSteps(given, options));
}
