import { constants } from 'node:fs';
import { devNull } from 'node:os';
import { parse, resolve } from 'node:path';
import type { FsPath } from '../../types/native';
import { withCode } from '../internal/error';
import { ownFolder } from '../internal/own-folder';
import { originals } from './node-fs';
import { fromSystemPath } from './path';

/** Node's permission model. The addon makes system calls of its own, which node cannot check. */
interface Permission {
  has(scope: 'fs.read' | 'fs.write', reference?: string): boolean;
}

const { permission } = process as { permission?: Permission };

const { O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
const read = O_RDONLY;
const write = O_WRONLY;

/** What node requires for the paths of each call. */
const required: Readonly<Partial<Record<string, readonly number[]>>> = {
  ...{ access: [read], lstat: [read], opendir: [read], readfile: [read], readlink: [read], realpath: [read] },
  ...{ scandir: [read], stat: [read], statfs: [read] },
  ...{ chmod: [write], chown: [write], lchown: [write], lutime: [write], mkdir: [write], mkdtemp: [write] },
  ...{ rmdir: [write], unlink: [write], utime: [write] },
  ...{ copyfile: [read, write], link: [O_RDWR, write], rename: [O_RDWR, write], symlink: [O_RDWR, write] },
};

function openMode(flags: number): number {
  const changes = (flags & (O_WRONLY | O_RDWR | O_APPEND | O_CREAT | O_TRUNC)) !== 0;
  if (!changes) return read;
  return (flags & O_WRONLY) === 0 ? O_RDWR : write;
}

/** Throws node's error, which it throws before it opens the file. */
function deny(path: string, mode: number): never {
  originals.closeSync(originals.openSync(path, mode));
  throw withCode(new Error('Access to this API has been restricted'), 'ERR_ACCESS_DENIED');
}

/** A symbolic link leads anywhere, and the functions of a descriptor have no path. Both need all paths. */
const needsAll = new Set(['fchmod', 'fchown', 'futime', 'symlink']);

/**
 * Throws ERR_ACCESS_DENIED for a call that node's permission model does not allow to the process. `flags` are those of
 * open().
 */
export function requirePermission(
  call: string,
  paths: readonly (FsPath | undefined)[],
  flags?: unknown,
): void {
  if (!permission) return;
  if (needsAll.has(call) && !(permission.has('fs.read') && permission.has('fs.write'))) {
    throw withCode(
      new Error(`${call}() requires full fs.read and fs.write permissions`),
      'ERR_ACCESS_DENIED',
    );
  }
  const modes =
    call === 'open' || call === 'writefile' ? [openMode(flags as number)] : (required[call] ?? []);
  modes.forEach((mode, index) => {
    const path = resolve(fromSystemPath(paths[index] ?? ''));
    if (mode !== write && !permission.has('fs.read', path)) deny(path, read);
    if (mode !== read && !permission.has('fs.write', path)) deny(path, write);
  });
}

/** Files that everyone may open and stat. The permission model always allows this package's own. */
const ownFile = permission && ownFolder !== undefined ? __filename : undefined;
export const fileToOpen: string = ownFile ?? devNull;
export const fileToStat: string = ownFile ?? parse(process.execPath).root;
