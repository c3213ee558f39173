import type { Dir } from 'node:fs';
import type { Identity } from '../flow/identity';
import { cp } from './cp';
import { keepDescriptor } from './descriptors';
import { opendir, opendirSync as openDirSync } from './dir';
import { openHandle, type FileHandle } from './node-internals/file-handle';
import { appendFile, readFile, truncate, writeFile } from './files';
import { InvalidArguments, invalid } from './parse';
import { callSync, startJob } from './job';
import { noteFileHandle } from '../flow/open-handles';
import { mkdir } from './mkdir';
import { mkdtemp, mkdtempDisposable } from './mkdir';
import { readlink, realpath, symlink } from './links';
import { toBits, toFlags, toId, toMode, toSeconds } from './parse';
import { toPath } from './path';
import { readdir } from './readdir';
import { refusal, rejection } from './node-internals/refusal';
import { rm, rmdir } from './rm';
import { lstat, stat, statfs } from './stat';

type Call = (identity: Identity, ...args: unknown[]) => Promise<unknown>;

/** With two paths; the others have one. */
const withTwoPaths = new Set(['copyFile', 'cp', 'link', 'rename', 'symlink']);

/** Node's names for what node has under another one. */
const originalNames: Readonly<Record<string, string>> = { openDescriptor: 'open' };

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
  // No system that this runs on has it; node's own error says so.
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
    noteFileHandle(identity, path, openHandle(identity, toPath(path), toFlags(flags), toMode(mode, 0o666))),
  /** What `open` comes to without a FileHandle: the caller's descriptor. */
  openDescriptor: (identity: Identity, path: unknown, flags: unknown, mode: unknown): Promise<number> =>
    startJob(identity, 'open', toPath(path), toFlags(flags), toMode(mode, 0o666)).then(keepDescriptor),
  opendir,
  readFile,
  readdir,
  readlink,
  realpath,
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
type Refuse = (name: string, paths: number, arity: number, args: readonly unknown[]) => Promise<never>;

function refusing(name: string, call: Call, refuse: Refuse): Call {
  const paths = withTwoPaths.has(name) ? 2 : 1;
  return (identity, ...args) => {
    try {
      return call(identity, ...args);
    } catch (error) {
      if (error instanceof InvalidArguments)
        return refuse(originalNames[name] ?? name, paths, call.length - 1, args);
      throw error;
    }
  };
}

function operationsWith(refuse: Refuse): Operations {
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [name, refusing(name, call as Call, refuse)]),
  ) as Operations;
}

/**
 * The functions of node:fs/promises as an identity, by node's names and with node's arguments. Invalid arguments are
 * thrown at once, as by node's functions with a callback; everything else is in the promise.
 */
export const operations: Operations = operationsWith((...refused) => {
  throw refusal(...refused);
});

/** The same with the rejections of node's functions for promises. */
export const promised: Operations = operationsWith(rejection);

/** `operations.opendir` before it returns. */
export function opendirSync(identity: Identity, path: unknown, options?: unknown): Dir {
  try {
    return openDirSync(identity, path, options);
  } catch (error) {
    throw error instanceof InvalidArguments ? refusal('opendir', 1, 2, [path, options]) : error;
  }
}

/** `operations.access` before it returns; not reported to diagnostics. */
export function accessSync(identity: Identity, path: unknown, mode?: unknown): void {
  try {
    callSync(identity, 'access', [toPath(path), toBits(mode)]);
  } catch (error) {
    throw error instanceof InvalidArguments ? refusal('access', 1, 2, [path, mode]) : error;
  }
}
