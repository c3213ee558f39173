import { dirname, resolve } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { type Steps, runSteps } from './dir-reader';
import { systemError } from './error';
import { startJob } from './job';
import { toBoolean, toMode, toOptions } from './parse';
import { type Encoding, needsBytes, bytesOf, encoded, toSystemPath, join, textOf, toPath } from './path';
import { warnOfTemplate } from './node-internals/argument-errors';
import { removeTree } from './rm';
import { toStats } from './stat';

const numberOf = (name: string): number =>
  [...getSystemErrorMap()].find(([, [code]]) => code === name)?.[0] ?? 0;
const UV_EEXIST = numberOf('EEXIST');
const UV_ENOTDIR = numberOf('ENOTDIR');

/** Errors that end a recursive mkdir. After any other error the directory may still exist. */
const fatalCodes = new Set(['EACCES', 'ENOSPC', 'ENOTDIR', 'EPERM']);

/** The directory above, as written: links and `..` are left to the system. A bare name has none. */
function parentOf(path: FsPath): FsPath {
  const text = typeof path === 'string' ? path : bytesOf(path).toString('latin1');
  const parent = /[/\\]/.test(text) ? dirname(text) : text;
  return typeof path === 'string' ? parent : Buffer.from(parent, 'latin1');
}

const same = (one: FsPath, other: FsPath): boolean => bytesOf(one).equals(bytesOf(other));

/** Returns if the path is a directory; otherwise throws an error of mkdir. */
function* requireDirectory(path: FsPath, isLast: boolean): Steps<undefined> {
  const fail = (errno: number): never => {
    throw systemError(errno, 'mkdir', { path: toSystemPath(path) });
  };
  let numbers;
  try {
    numbers = (yield ['stat', path, false]) as Float64Array;
  } catch (error) {
    return fail(isLast ? Number((error as NodeJS.ErrnoException).errno) : UV_ENOTDIR);
  }
  return toStats(numbers).isDirectory() ? undefined : fail(isLast ? UV_EEXIST : UV_ENOTDIR);
}

/**
 * Creates the directory and its missing parents, the topmost first. Returns the first directory created, if any. Others
 * may create or remove the same directories meanwhile.
 */
function* makeWithParents(path: FsPath, mode: number): Steps<FsPath | undefined> {
  const pending = [path];
  let first: FsPath | undefined;
  let found: FsPath | undefined;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    try {
      yield ['mkdir', next, mode];
      first ??= next;
      found = undefined;
    } catch (error) {
      const { code = '', errno } = error as NodeJS.ErrnoException;
      // Without a number the system was not asked.
      if (errno === undefined || fatalCodes.has(code)) throw error;
      const parent = parentOf(next);
      if (code === 'ENOENT' && !same(parent, next)) {
        // It is there, but nothing can be created in it any more, such as a current directory that was removed.
        if (found !== undefined && same(parent, found)) throw error;
        pending.push(next, parent);
      } else {
        yield* requireDirectory(next, pending.length === 0);
        found = next;
      }
    }
  }
  return first;
}

function* make(path: FsPath, mode: number, recursive: boolean): Steps<string | undefined> {
  if (!recursive) {
    yield ['mkdir', path, mode];
    return undefined;
  }
  const first = yield* makeWithParents(path, mode);
  return first === undefined ? first : textOf(toSystemPath(first));
}

/** Returns the steps of mkdir(). */
export function mkdirSteps(given: unknown, options: unknown): Steps<string | undefined> {
  const bare = typeof options === 'number' || typeof options === 'string';
  const { recursive, mode } = (bare ? { mode: options } : (options ?? {})) as Record<string, unknown>;
  const path = toPath(given);
  return make(path, toMode(mode, 0o777), recursive !== undefined && toBoolean(recursive));
}

/** Creates a directory as the identity, like fs.promises.mkdir(). */
export function mkdir(identity: Identity, given: unknown, options: unknown): Promise<string | undefined> {
  return runSteps(identity, mkdirSteps(given, options));
}

/**
 * A temporary directory that is removed when the object is disposed.
 *
 * @example
 * const remove = async (folder: DisposableFolder) => {
 *   console.log('removing', folder.path);
 *   await folder.remove();
 * };
 */
export interface DisposableFolder extends AsyncDisposable {
  /** The path, as mkdtemp() returns it. */
  readonly path: string | Buffer;
  /** Removes the directory with everything in it, as the user that created it. */
  remove(): Promise<void>;
}

const slash = 0x2f;

/** Returns the template from which libuv makes a unique name. */
export function mkdtempTemplate(prefix: FsPath): FsPath {
  warnOfTemplate(prefix);
  return typeof prefix === 'string' ? `${prefix}XXXXXX` : Buffer.concat([prefix, bytesOf('XXXXXX')]);
}

const makeTemporary = (identity: Identity, prefix: FsPath, encoding: Encoding): Promise<FsPath> =>
  startJob(identity, 'mkdtemp', mkdtempTemplate(prefix), needsBytes(encoding));

/** Creates a temporary directory as the identity, like fs.promises.mkdtemp(). */
export function mkdtemp(identity: Identity, prefix: unknown, options: unknown): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return makeTemporary(identity, toPath(prefix), encoding).then((path) => encoded(path, encoding));
}

/** Creates a temporary directory that is removed as the same identity, like fs.promises.mkdtempDisposable(). */
export function mkdtempDisposable(
  identity: Identity,
  prefix: unknown,
  options: unknown,
): Promise<DisposableFolder> {
  const { encoding } = toOptions(options);
  const cwd = process.cwd();
  return makeTemporary(identity, toPath(prefix), encoding).then((path) => {
    // The current directory of the process may change before the removal.
    const absolute =
      typeof path === 'string' ? resolve(cwd, path) : path[0] === slash ? path : join(cwd, path);
    const removal = { recursive: true, force: false, maxRetries: 0, retryDelay: 0 };
    const remove = (): Promise<void> => removeTree(identity, absolute, removal);
    return Object.assign(Object.create(null) as object, {
      path: encoded(path, encoding),
      remove,
      [Symbol.asyncDispose]: remove,
    });
  });
}
