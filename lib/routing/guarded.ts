import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CopySyncOptions, Dirent } from 'node:fs';
import { native } from '../internal/binding';
import { keepDescriptor } from '../fs/descriptors';
import { doHere } from '../fs/dir-reader';
import { codeOf, systemError } from '../fs/error';
import { InvalidArguments, invalid } from '../fs/parse';
import { jobHere } from '../fs/job';
import { mkdirSteps } from '../fs/mkdir';
import { mkdtempTemplate } from '../fs/mkdir';
import { asksForBytes, encoded } from '../fs/path';
import { originals } from '../fs/node-fs';
import { toBits, toBoolean, toFlags, toMode, toOptions } from '../fs/parse';
import { isPath, textOf, toPath } from '../fs/path';
import { readdirSteps, syncWalk } from '../fs/readdir';
import { refusal } from '../fs/node-internals/refusal';
import { checked, close, errorAt, guarded, guardedLink, type Last, type Way } from './guard';
import type { AnyFunction } from './router';

/** For what this package does itself, with node's refusal of invalid arguments. The first `paths` are paths. */
const ours =
  (paths: number, arity: number, work: (...args: unknown[]) => unknown): Way =>
  (original, receiver, args, name) => {
    if (typeof args[0] === 'number') return Reflect.apply(original, receiver, args);
    try {
      return work(...args);
    } catch (error) {
      throw error instanceof InvalidArguments ? refusal(name, paths, arity, args) : error;
    }
  };

/** What fails in these ways for everyone. */
const failing: Readonly<Record<string, string>> = { ENOENT: '', ENOTDIR: '/dev/null/none' };

/** For statSync() and lstatSync(), which may be asked to return undefined: for what, depends on node's version. */
const orUndefined =
  (way: Way): Way =>
  (original, receiver, args, name) => {
    try {
      return way(original, receiver, args, name);
    } catch (error) {
      const options = args[1] as { throwIfNoEntry?: unknown } | null | undefined;
      const path = failing[codeOf(error) ?? ''];
      if (options?.throwIfNoEntry !== false || path === undefined || !isPath(args[0])) throw error;
      try {
        return original(path, options);
      } catch {
        throw error;
      }
    }
  };

const existsSync: Way = (original, receiver, args) =>
  isPath(args[0]) ? errorAt(toPath(args[0]), 'target') === 0 : Reflect.apply(original, receiver, args);

const orDefault = (flag: unknown, letter: string): unknown => [flag, letter].find(Boolean);

/** Opens the file, and has node's function do the rest by the descriptor. */
function opened<T>(path: unknown, flag: unknown, mode: unknown, work: (fd: number) => T): T {
  const fd = jobHere('open', toPath(path), toFlags(flag), toMode(mode, 0o666));
  try {
    return work(fd);
  } finally {
    close(fd);
  }
}

const writing = (name: 'writeFileSync' | 'appendFileSync', letter: string): Way =>
  ours(1, 3, (path, data, given) => {
    const { flag, flush, mode } = toOptions(given);
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) invalid();
    if (flush != null) toBoolean(flush);
    opened(path, orDefault(flag, letter), mode, (fd) => {
      originals[name](fd, data as string, given as never);
    });
  });

const realpathSync: Way = (original, receiver, args, name) => {
  if (!isPath(args[0])) return Reflect.apply(original, receiver, args);
  const isNative = original === (originals.realpathSync.native as unknown);
  const real = ours(1, 2, (given, options) => {
    const { encoding } = toOptions(options);
    const path = toPath(given);
    const from = isNative ? path : resolve(textOf(path));
    return encoded(jobHere('realpath', from, asksForBytes(encoding)), encoding);
  });
  try {
    return real(original, receiver, args, name);
  } catch (error) {
    // Node's own walk says at which part of the path it failed. What it finds after all was not there before.
    if (codeOf(error) !== 'EACCES') Reflect.apply(original, receiver, args);
    throw error;
  }
};

/** Of what node's glob finds, what the user may find. */
const globSync: Way = (original, receiver, args) => {
  const { cwd } = (args[1] ?? {}) as { cwd?: string | URL };
  const root = cwd === undefined ? '' : typeof cwd === 'string' ? cwd : fileURLToPath(cwd);
  const found = Reflect.apply(original, receiver, args) as (string | Dirent)[];
  const isOpen = (one: string | Dirent): boolean => {
    const path = typeof one === 'string' ? one : join(one.parentPath, one.name);
    return codeOf(systemError(errorAt(resolve(root, path), 'entry'), 'scandir')) !== 'EACCES';
  };
  return found.filter(isOpen);
};

const refused = (path: string, last: Last): void => {
  const error = systemError(errorAt(path, last), 'cp', { path });
  if (error.code === 'EACCES') throw error;
};

/** Node copies entry by entry where there is a filter, which is called just before. */
const cpSync: Way = (original, receiver, args) => {
  const [from, to, options = {}] = args;
  if (!isPath(from) || !isPath(to) || typeof options !== 'object' || options === null)
    return Reflect.apply(original, receiver, args);
  const { dereference, filter } = options as CopySyncOptions;
  const checking = (source: string, copy: string): boolean => {
    refused(source, dereference ? 'target' : 'entry');
    refused(copy, 'entry');
    return typeof filter === 'function' ? filter(source, copy) : true;
  };
  const isValid = filter === undefined || typeof filter === 'function';
  const guardedOptions = isValid ? { ...options, filter: checking } : options;
  return Reflect.apply(original, receiver, [textOf(toPath(from)), textOf(toPath(to)), guardedOptions]);
};

const rmdirSync: Way = (original, receiver, args, name) => {
  const { recursive } = (args[1] ?? {}) as { recursive?: unknown };
  return (recursive ? checked : guarded)('rmdir', 'entry')(original, receiver, args, name);
};

/** By the names of node's functions. What is not here is checked before. */
const ways: Readonly<Record<string, Way>> = {
  // Node's asks the real uid.
  accessSync: ours(1, 2, (path, mode) => jobHere('access', toPath(path), toBits(mode))),
  appendFileSync: writing('appendFileSync', 'a'),
  chmodSync: guarded('chmod', 'target'),
  chownSync: guarded('chown', 'target'),
  copyFileSync: ours(2, 3, (from, to, mode) => jobHere('copyfile', toPath(from), toPath(to), toBits(mode))),
  cpSync,
  existsSync,
  globSync,
  lchownSync: guardedLink('lchown'),
  linkSync: guarded('link', 'entry', 'entry'),
  lstatSync: orUndefined(guardedLink('lstat')),
  lutimesSync: guardedLink('lutime'),
  mkdirSync: ours(1, 2, (path, options) => doHere(mkdirSteps(path, options))),
  mkdtempDisposableSync: checked('mkdtemp', 'entry'),
  mkdtempSync: ours(1, 2, (prefix, options) => {
    const { encoding } = toOptions(options);
    return encoded(jobHere('mkdtemp', mkdtempTemplate(toPath(prefix)), asksForBytes(encoding)), encoding);
  }),
  openSync: ours(1, 3, (path, flags, mode) =>
    keepDescriptor(jobHere('open', toPath(path), toFlags(flags), toMode(mode, 0o666))),
  ),
  readFileSync: ours(1, 2, (path, given) =>
    opened(path, orDefault(toOptions(given).flag, 'r'), 0o666, (fd) =>
      originals.readFileSync(fd, given as never),
    ),
  ),
  readdirSync: ours(1, 2, (path, options) => doHere(readdirSteps(path, options, syncWalk))),
  readlinkSync: guarded('readlink', 'entry'),
  realpathSync,
  renameSync: guarded('rename', 'entry', 'entry'),
  rmSync: checked('rm', 'entry'),
  rmdirSync,
  statSync: orUndefined(guarded('stat', 'target')),
  statfsSync: guarded('statfs', 'target'),
  symlinkSync: guarded('symlink', null, 'entry'),
  truncateSync: ours(1, 2, (path, length) =>
    opened(path, 'r+', 0o666, (fd) => {
      originals.ftruncateSync(fd, length as number);
    }),
  ),
  unlinkSync: guarded('unlink', 'entry'),
  utimesSync: guarded('utime', 'target'),
};

/** By a descriptor: there is no path. */
const withoutPath = new Set(['fchmodSync', 'fchownSync', 'futimesSync']);

/**
 * Node's function for a thread that is a user's. On Linux the kernel would let it open the process's own entries in
 * /proc, and what is below a current directory that the user may not reach.
 */
export function onUsersThread(name: string, original: AnyFunction): AnyFunction {
  if (native.port !== 'linux' || withoutPath.has(name)) return original;
  const way = ways[name] ?? checked(name.replace(/Sync$/, ''), 'target');
  return function (...args) {
    return way(original, this, args, name);
  };
}
