import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CopySyncOptions, Dirent } from 'node:fs';
import { native } from '../internal/binding';
import { trackDescriptor } from '../fs/descriptors';
import { runStepsOnThread } from '../fs/dir-reader';
import { codeOf, systemError } from '../fs/error';
import { invalid, InvalidArguments, toBits, toBoolean, toFlags, toMode, toOptions } from '../fs/parse';
import { callOnThread } from '../fs/job';
import { mkdirSteps, mkdtempTemplate } from '../fs/mkdir';
import { encoded, isPath, needsBytes, textOf, toPath } from '../fs/path';
import { originals } from '../fs/node-fs';
import { requirePermission } from '../fs/permission';
import { readdirSteps, syncWalk } from '../fs/readdir';
import { nodeArgumentError } from '../fs/node-internals/argument-errors';
import { unarchived } from './archives';
import {
  withCheckedPaths,
  close,
  lookupError,
  withGuardedPaths,
  withGuardedLink,
  type LastComponent,
  type SyncCall,
} from './guarded-path';
import type { AnyFunction } from './router';

/**
 * Returns a call of this package's own implementation, with node's errors for invalid arguments. The first `paths`
 * arguments are paths.
 */
const reimplemented =
  (paths: number, arity: number, work: (...args: unknown[]) => unknown): SyncCall =>
  (original, receiver, args, name) => {
    if (typeof args[0] === 'number') return Reflect.apply(original, receiver, args);
    try {
      return work(...args);
    } catch (error) {
      throw error instanceof InvalidArguments ? nodeArgumentError(name, paths, arity, args) : error;
    }
  };

/** Paths for which every user gets the error. */
const failingPaths: Readonly<Record<string, string>> = { ENOENT: '', ENOTDIR: '/dev/null/none' };

/**
 * Adds `throwIfNoEntry: false` to statSync() and lstatSync(). Node is called with a path that fails in the same way,
 * because the errors for which it returns undefined depend on the version.
 */
const orUndefined =
  (call: SyncCall): SyncCall =>
  (original, receiver, args, name) => {
    try {
      return call(original, receiver, args, name);
    } catch (error) {
      const options = args[1] as { throwIfNoEntry?: unknown } | null | undefined;
      const path = failingPaths[codeOf(error) ?? ''];
      if (options?.throwIfNoEntry !== false || path === undefined || !isPath(args[0])) throw error;
      try {
        return original(path, options);
      } catch {
        throw error;
      }
    }
  };

const existsSync: SyncCall = (original, receiver, args) => {
  if (!isPath(args[0])) return Reflect.apply(original, receiver, args);
  const path = toPath(args[0]);
  requirePermission('access', [path]);
  return lookupError(path, 'target') === 0;
};

const orDefault = (flag: unknown, fallback: string): unknown => [flag, fallback].find(Boolean);

/** Opens the file and calls `work` with the descriptor, so that node's function needs no path. */
function withOpenFile<T>(path: unknown, flag: unknown, mode: unknown, work: (fd: number) => T): T {
  const fd = callOnThread('open', toPath(path), toFlags(flag), toMode(mode, 0o666));
  try {
    return work(fd);
  } finally {
    close(fd);
  }
}

const writeCall = (name: 'writeFileSync' | 'appendFileSync', fallback: string): SyncCall =>
  reimplemented(1, 3, (path, data, given) => {
    const { flag, flush, mode } = toOptions(given);
    if (typeof data !== 'string' && !ArrayBuffer.isView(data)) invalid();
    if (flush != null) toBoolean(flush);
    withOpenFile(path, orDefault(flag, fallback), mode, (fd) => {
      originals[name](fd, data as string, given as never);
    });
  });

const realpathSync: SyncCall = (original, receiver, args, name) => {
  if (!isPath(args[0])) return Reflect.apply(original, receiver, args);
  const isNative = original === (originals.realpathSync.native as unknown);
  const real = reimplemented(1, 2, (given, options) => {
    const { encoding } = toOptions(options);
    const path = toPath(given);
    const from = isNative ? path : resolve(textOf(path));
    return encoded(callOnThread('realpath', from, needsBytes(encoding)), encoding);
  });
  try {
    return real(original, receiver, args, name);
  } catch (error) {
    // Node's own implementation reports the path component that failed. A result is discarded: the file did not exist
    // when the user's access was checked.
    if (codeOf(error) !== 'EACCES') Reflect.apply(original, receiver, args);
    throw error;
  }
};

/** Removes entries that the user may not look up from the result of node's globSync(). */
const globSync: SyncCall = (original, receiver, args) => {
  const found = Reflect.apply(original, receiver, args) as (string | Dirent)[];
  const { cwd } = (args[1] ?? {}) as { cwd?: string | URL };
  const root = cwd === undefined ? '' : typeof cwd === 'string' ? cwd : fileURLToPath(cwd);
  const isOpen = (one: string | Dirent): boolean => {
    const path = typeof one === 'string' ? one : join(one.parentPath, one.name);
    return codeOf(systemError(lookupError(resolve(root, path), 'entry'), 'scandir')) !== 'EACCES';
  };
  return found.filter(isOpen);
};

const throwIfDenied = (path: string, last: LastComponent): void => {
  const error = systemError(lookupError(path, last), 'cp', { path });
  if (error.code === 'EACCES') throw error;
};

/** Node checks every entry with the filter right before it copies it, so the filter also checks the user's access. */
const cpSync: SyncCall = (original, receiver, args) => {
  const [from, to, options = {}] = args;
  if (!isPath(from) || !isPath(to) || typeof options !== 'object' || options === null)
    return Reflect.apply(original, receiver, args);
  const { dereference, filter } = options as CopySyncOptions;
  const checking = (source: string, copy: string): boolean => {
    throwIfDenied(source, dereference ? 'target' : 'entry');
    throwIfDenied(copy, 'entry');
    return typeof filter === 'function' ? filter(source, copy) : true;
  };
  const isValid = filter === undefined || typeof filter === 'function';
  const guardedOptions = isValid ? { ...options, filter: checking } : options;
  return Reflect.apply(original, receiver, [textOf(toPath(from)), textOf(toPath(to)), guardedOptions]);
};

const rmdirSync: SyncCall = (original, receiver, args, name) => {
  const { recursive } = (args[1] ?? {}) as { recursive?: unknown };
  return (recursive ? withCheckedPaths : withGuardedPaths)('rmdir', 'entry')(original, receiver, args, name);
};

/** The calls by node's names. Functions that are missing here only have their path checked first. */
const syncCalls: Readonly<Record<string, SyncCall>> = {
  // Node's function checks the real uid.
  accessSync: reimplemented(1, 2, (path, mode) => callOnThread('access', toPath(path), toBits(mode))),
  appendFileSync: writeCall('appendFileSync', 'a'),
  chmodSync: withGuardedPaths('chmod', 'target'),
  chownSync: withGuardedPaths('chown', 'target'),
  copyFileSync: reimplemented(2, 3, (from, to, mode) =>
    callOnThread('copyfile', toPath(from), toPath(to), toBits(mode)),
  ),
  cpSync,
  existsSync,
  globSync,
  lchownSync: withGuardedLink('lchown'),
  linkSync: withGuardedPaths('link', 'entry', 'entry'),
  lstatSync: orUndefined(withGuardedLink('lstat')),
  lutimesSync: withGuardedLink('lutime'),
  mkdirSync: reimplemented(1, 2, (path, options) => runStepsOnThread(mkdirSteps(path, options))),
  mkdtempDisposableSync: withCheckedPaths('mkdtemp', 'entry'),
  mkdtempSync: reimplemented(1, 2, (prefix, options) => {
    const { encoding } = toOptions(options);
    return encoded(callOnThread('mkdtemp', mkdtempTemplate(toPath(prefix)), needsBytes(encoding)), encoding);
  }),
  openSync: reimplemented(1, 3, (path, flags, mode) =>
    trackDescriptor(callOnThread('open', toPath(path), toFlags(flags), toMode(mode, 0o666))),
  ),
  readFileSync: reimplemented(1, 2, (path, given) =>
    withOpenFile(path, orDefault(toOptions(given).flag, 'r'), 0o666, (fd) =>
      originals.readFileSync(fd, given as never),
    ),
  ),
  readdirSync: reimplemented(1, 2, (path, options) =>
    runStepsOnThread(readdirSteps(path, options, syncWalk)),
  ),
  readlinkSync: withGuardedPaths('readlink', 'entry'),
  realpathSync,
  renameSync: withGuardedPaths('rename', 'entry', 'entry'),
  rmSync: withCheckedPaths('rm', 'entry'),
  rmdirSync,
  statSync: orUndefined(withGuardedPaths('stat', 'target')),
  statfsSync: withGuardedPaths('statfs', 'target'),
  symlinkSync: withGuardedPaths('symlink', null, 'entry'),
  truncateSync: reimplemented(1, 2, (path, length) =>
    withOpenFile(path, 'r+', 0o666, (fd) => {
      originals.ftruncateSync(fd, length as number);
    }),
  ),
  unlinkSync: withGuardedPaths('unlink', 'entry'),
  utimesSync: withGuardedPaths('utime', 'target'),
};

/** Functions that take a descriptor and no path. */
const descriptorFunctions = new Set(['fchmodSync', 'fchownSync', 'futimesSync']);

/**
 * Returns the function to call on a thread that impersonates a user. On Linux it differs from node's: the kernel would
 * allow node's function to open the process's entries in /proc, and files below a current directory that the user
 * cannot reach.
 */
export function forImpersonatingThread(name: string, original: AnyFunction): AnyFunction {
  if (native.port !== 'linux' || descriptorFunctions.has(name)) return unarchived(original);
  const call = syncCalls[name] ?? withCheckedPaths(name.replace(/Sync$/, ''), 'target');
  return function (...args) {
    return call(original, this, args, name);
  };
}
