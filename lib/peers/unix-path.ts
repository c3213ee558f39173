import { connect } from 'node:net';
import { constants } from 'node:os';
import { createError } from '../internal/error';
import { originals as fs } from '../fs/node-fs';

function inUse(path: string, reason: string): Error {
  return createError(`EADDRINUSE: ${path} ${reason}`, 'EADDRINUSE', constants.errno.EADDRINUSE, 'link');
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function inodeOf(path: string): bigint | undefined {
  return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** Whether no process listens on the socket. */
function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    // Any other error does not exclude that a process listens.
    probe.once('error', (error) => {
      resolve(codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOENT');
    });
  });
}

/** Removes a socket on which no process listens, as a server leaves it that ended without `close()`. */
function removeDead(path: string): Promise<void> {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isSocket()) return Promise.reject(inUse(path, 'exists and is not a socket'));
  const inode = inodeOf(path);
  return isDead(path).then((dead) => {
    if (!dead || inodeOf(path) !== inode) throw inUse(path, 'belongs to another server that is listening');
    if (inode !== undefined) fs.unlinkSync(path);
  });
}

/**
 * Links the socket `from` to `path`, and replaces a socket there on which no process listens. Unlike rename(), link()
 * fails if another server creates the same path at the same moment.
 */
export function publishSocket(from: string, path: string): Promise<void> {
  const link = (): void => {
    fs.linkSync(from, path);
  };
  return Promise.resolve()
    .then(link)
    .catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
      return removeDead(path).then(link);
    })
    .catch((error: unknown) => {
      throw codeOf(error) === 'EEXIST' ? inUse(path, 'belongs to another server that is listening') : error;
    });
}

/** Returns a function that removes the path, unless another socket has replaced it since. */
export function socketRemover(path: string): () => void {
  const inode = inodeOf(path);
  return () => {
    if (inode !== undefined && inodeOf(path) === inode) fs.unlinkSync(path);
  };
}
