import { connect } from 'node:net';
import { constants } from 'node:os';
import { createError } from '../internal/error';
import { originals as fs } from '../fs/node-fs';

function inUse(path: string, why: string): Error {
  return createError(`EADDRINUSE: ${path} ${why}`, 'EADDRINUSE', constants.errno.EADDRINUSE, 'link');
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function inodeOf(path: string): bigint | undefined {
  return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}

/** Whether nobody listens on the socket there. */
function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    // Any other refusal leaves open that somebody does.
    probe.once('error', (error) => {
      resolve(codeOf(error) === 'ECONNREFUSED' || codeOf(error) === 'ENOENT');
    });
  });
}

/** Removes the socket that a server has left behind which ended without closing it. */
function removeDead(path: string): Promise<void> {
  const found = fs.lstatSync(path, { throwIfNoEntry: false });
  if (found && !found.isSocket()) return Promise.reject(inUse(path, 'is not a socket'));
  const inode = inodeOf(path);
  return isDead(path).then((dead) => {
    if (!dead || inodeOf(path) !== inode) throw inUse(path, 'is another server’s');
    if (inode !== undefined) fs.unlinkSync(path);
  });
}

/**
 * Gives the socket at `from` the name `path` too, unless a server that lives has it. Linking fails where a renaming
 * would take the name from another server that starts at the same moment.
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
      throw codeOf(error) === 'EEXIST' ? inUse(path, 'is another server’s') : error;
    });
}

/** What removes the name again, unless it means something else by then. */
export function withdrawer(path: string): () => void {
  const inode = inodeOf(path);
  return () => {
    if (inode !== undefined && inodeOf(path) === inode) fs.unlinkSync(path);
  };
}
