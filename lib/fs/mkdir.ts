import { dirname, resolve } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { type Steps, doAsync } from './dir-reader';
import { codeOf, systemError } from './error';
import { startJob } from './job';
import { toBoolean, toMode, toOptions } from './parse';
import { type Encoding, asksForBytes, bytesOf, encoded, forSystem, join, textOf, toPath } from './path';
import { removeTree } from './rm';
import { toStats } from './stat';

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

/** A folder that goes with the object: what node 24 and later make. */
export interface DisposableFolder extends AsyncDisposable {
  readonly path: string | Buffer;
  /** Removes the folder with all that is in it, as the user that made it. */
  remove(): Promise<void>;
}

const slash = 0x2f;

/** What libuv makes a name of. */
export const mkdtempTemplate = (prefix: FsPath): FsPath =>
  typeof prefix === 'string' ? `${prefix}XXXXXX` : Buffer.concat([prefix, bytesOf('XXXXXX')]);

const makeTemporary = (identity: Identity, prefix: FsPath, encoding: Encoding): Promise<FsPath> =>
  startJob(identity, 'mkdtemp', mkdtempTemplate(prefix), asksForBytes(encoding));

export function mkdtemp(identity: Identity, prefix: unknown, options: unknown): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return makeTemporary(identity, toPath(prefix), encoding).then((path) => encoded(path, encoding));
}

export function mkdtempDisposable(
  identity: Identity,
  prefix: unknown,
  options: unknown,
): Promise<DisposableFolder> {
  const { encoding } = toOptions(options);
  const folder = process.cwd();
  return makeTemporary(identity, toPath(prefix), encoding).then((path) => {
    // Whatever the current folder is by then.
    const whole =
      typeof path === 'string' ? resolve(folder, path) : path[0] === slash ? path : join(folder, path);
    const removal = { recursive: true, force: false, maxRetries: 0, retryDelay: 0 };
    const remove = (): Promise<void> => removeTree(identity, whole, removal);
    return Object.assign(Object.create(null) as object, {
      path: encoded(path, encoding),
      remove,
      [Symbol.asyncDispose]: remove,
    });
  });
}
