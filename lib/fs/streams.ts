import type { ReadStream, WriteStream } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { recordClose, recordOpening } from '../flow/open-handles';
import { close } from './descriptors';
import { operations } from './operations';
import { originals } from './node-fs';
import { nodeArgumentError } from './node-internals/argument-errors';

type Close = (fd: number, done?: (error?: Error | null) => void) => void;
type Opened = (error: Error | null, fd?: number) => void;

interface StreamFs {
  readonly open: (path: FsPath, flags: unknown, mode: unknown, done: Opened) => void;
  readonly close: Close;
  readonly fsync: typeof fsync;
  readonly read: typeof read;
  readonly write: typeof write;
  readonly writev: typeof writev;
}

const { fsync, read, write, writev } = originals;

const closeDescriptor: Close = (fd, done) => {
  recordClose(fd);
  close(fd, done);
};

/**
 * Returns the `fs` option for a stream of node: it opens the file as the identity. The other functions use the open
 * descriptor, which needs no identity.
 */
function streamFs(identity: Identity): StreamFs {
  const open = (path: FsPath, flags: unknown, mode: unknown, done: Opened): void => {
    const opened = recordOpening(identity, path);
    operations.openDescriptor(identity, path, flags, mode).then(
      (fd) => {
        opened?.(fd);
        done(null, fd);
      },
      (error: unknown) => done(error as Error),
    );
  };
  return { open, close: closeDescriptor, fsync, read, write, writev };
}

/**
 * Returns the options for a stream of node whose file is opened as the identity, unless the caller gives a descriptor.
 * The caller's `options.fs` may replace every function but `open`.
 */
export const streamOptions = (identity: Identity, path: unknown, given: unknown): Record<string, unknown> =>
  optionsWith(streamFs(identity), path, given);

/** Returns the options for a stream of node whose file cannot be opened: it emits the error. */
export function failingOptions(error: Error, path: unknown, given: unknown): Record<string, unknown> {
  const open: StreamFs['open'] = (_path, _flags, _mode, done) => process.nextTick(done, error);
  return optionsWith({ open, close: closeDescriptor, fsync, read, write, writev }, path, given);
}

function optionsWith(userFs: StreamFs, path: unknown, given: unknown): Record<string, unknown> {
  if (typeof given === 'string') return { encoding: given, fs: userFs };
  if (given == null || typeof given === 'function') return { fs: userFs };
  if (typeof given !== 'object') throw nodeArgumentError('createReadStream', 1, 2, [path, given]);
  const options: Record<string, unknown> = {};
  for (const key in given) options[key] = (given as Record<string, unknown>)[key];
  if (options.fd != null || options.windowsHandle != null) return options;
  return { ...options, fs: { ...userFs, ...(options.fs as object | undefined), open: userFs.open } };
}

/** Returns a ReadStream of node whose file is opened as the identity. */
export function createReadStream(identity: Identity, path: unknown, options?: unknown): ReadStream {
  return originals.createReadStream(path as string, streamOptions(identity, path, options));
}

/** Returns a WriteStream of node whose file is opened as the identity. */
export function createWriteStream(identity: Identity, path: unknown, options?: unknown): WriteStream {
  return originals.createWriteStream(path as string, streamOptions(identity, path, options));
}
