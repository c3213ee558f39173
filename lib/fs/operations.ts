import type { Dir } from 'node:fs';
import type { Identity } from '../flow/identity';
import { cp } from './cp';
import { trackDescriptor } from './descriptors';
import { opendir, opendirSync as openDirSync } from './dir';
import { openHandle, type FileHandle } from './node-internals/file-handle';
import { appendFile, readFile, readFileAtOnce, truncate, writeFile } from './files';
import { invalid, InvalidArguments, toBits, toFlags, toId, toMode, toSeconds } from './parse';
import { callSync, startJob } from './job';
import { recordFileHandle } from '../flow/open-handles';
import { mkdir, mkdtemp, mkdtempDisposable } from './mkdir';
import { readlink, realpath, realpathByLinks, symlink } from './links';
import { toPath } from './path';
import { readdir, readdirInOrder } from './readdir';
import { nodeArgumentError, nodeRejection, pathCount } from './node-internals/argument-errors';
import { rm, rmdir } from './rm';
import { lstat, stat, statfs } from './stat';

type Call = (identity: Identity, ...args: unknown[]) => Promise<unknown>;

/** The name of node's function, if it differs. */
const originalNames: Readonly<Record<string, string>> = {
  openDescriptor: 'open',
  readFileAtOnce: 'readFile',
  readdirInOrder: 'readdir',
  realpathByLinks: 'realpath',
};

const calls = {
  access: (identity: Identity, path: unknown, mode: unknown): Promise<void> =>
    startJob(identity, 'access', toPath(path), toBits(mode)),
  appendFile,
  chmod: (identity: Identity, path: unknown, mode: unknown): Promise<void> =>
    startJob(identity, 'chmod', toPath(path), toMode(mode)),
  chown: (identity: Identity, path: unknown, uid: unknown, gid: unknown): Promise<void> =>
    startJob(identity, 'chown', toPath(path), toId(uid), toId(gid)),
  copyFile: (identity: Identity, from: unknown, to: unknown, mode: unknown): Promise<void> =>
    startJob(identity, 'copyfile', toPath(from), toPath(to), toBits(mode)),
  cp,
  // No supported system has lchmod. The call throws node's own error.
  lchmod: (_identity: Identity, _path: unknown, _mode: unknown): Promise<void> => invalid(),
  lchown: (identity: Identity, path: unknown, uid: unknown, gid: unknown): Promise<void> =>
    startJob(identity, 'lchown', toPath(path), toId(uid), toId(gid)),
  link: (identity: Identity, from: unknown, to: unknown): Promise<void> =>
    startJob(identity, 'link', toPath(from), toPath(to)),
  lstat,
  lutimes: (identity: Identity, path: unknown, atime: unknown, mtime: unknown): Promise<void> =>
    startJob(identity, 'lutime', toPath(path), toSeconds(atime), toSeconds(mtime)),
  mkdir,
  mkdtemp,
  mkdtempDisposable,
  open: (identity: Identity, path: unknown, flags: unknown, mode: unknown): Promise<FileHandle> =>
    recordFileHandle(identity, path, openHandle(identity, toPath(path), toFlags(flags), toMode(mode, 0o666))),
  /** Opens a file and returns the bare descriptor, which the caller must close. */
  openDescriptor: (identity: Identity, path: unknown, flags: unknown, mode: unknown): Promise<number> =>
    startJob(identity, 'open', toPath(path), toFlags(flags), toMode(mode, 0o666)).then(trackDescriptor),
  opendir,
  readFile,
  readFileAtOnce,
  readdir,
  readdirInOrder,
  readlink,
  realpath,
  realpathByLinks,
  rename: (identity: Identity, from: unknown, to: unknown): Promise<void> =>
    startJob(identity, 'rename', toPath(from), toPath(to)),
  rm,
  rmdir,
  stat,
  statfs,
  symlink,
  truncate,
  unlink: (identity: Identity, path: unknown): Promise<void> => startJob(identity, 'unlink', toPath(path)),
  utimes: (identity: Identity, path: unknown, atime: unknown, mtime: unknown): Promise<void> =>
    startJob(identity, 'utime', toPath(path), toSeconds(atime), toSeconds(mtime)),
  writeFile,
};

type Calls = typeof calls;
type Operations = {
  readonly [K in keyof Calls]: (identity: Identity, ...args: unknown[]) => ReturnType<Calls[K]>;
};
type Fail = (name: string, paths: number, arity: number, args: readonly unknown[]) => Promise<never>;

function withArgumentErrors(name: string, call: Call, fail: Fail): Call {
  const paths = pathCount(name);
  return (identity, ...args) => {
    try {
      return call(identity, ...args);
    } catch (error) {
      if (error instanceof InvalidArguments)
        return fail(originalNames[name] ?? name, paths, call.length - 1, args);
      throw error;
    }
  };
}

function operationsWith(fail: Fail): Operations {
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, withArgumentErrors(name, call as Call, fail)]),
  ) as Operations;
}

/**
 * The functions of node:fs/promises as an identity, with node's names and arguments. Invalid arguments throw at once,
 * as in node's functions with a callback. Any other error rejects the promise.
 */
export const operations: Operations = operationsWith((...call) => {
  throw nodeArgumentError(...call);
});

/** The same functions, except that invalid arguments reject the promise, as in node:fs/promises. */
export const promised: Operations = operationsWith(nodeRejection);

/** Like `operations.opendir`, but opens the directory before it returns. */
export function opendirSync(identity: Identity, path: unknown, options?: unknown): Dir {
  try {
    return openDirSync(identity, path, options);
  } catch (error) {
    throw error instanceof InvalidArguments ? nodeArgumentError('opendir', 1, 2, [path, options]) : error;
  }
}

/** Like `operations.access`, but checks before it returns. It is not reported to diagnostics. */
export function accessSync(identity: Identity, path: unknown, mode?: unknown): void {
  try {
    callSync(identity, 'access', [toPath(path), toBits(mode)]);
  } catch (error) {
    throw error instanceof InvalidArguments ? nodeArgumentError('access', 1, 2, [path, mode]) : error;
  }
}
