import type { ReadStream, WriteStream } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { noteClosed, noteOpening } from '../flow/open-handles';
import { close } from './descriptors';
import { operations } from './operations';
import { originals } from './node-fs';
import { refusal } from './node-internals/refusal';

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

const closing: Close = (fd, done) => {
  noteClosed(fd);
  close(fd, done);
};

/** What node's streams take as `options.fs`: opens as the identity, and needs nobody for the rest. */
function streamFs(identity: Identity): StreamFs {
  const open = (path: FsPath, flags: unknown, mode: unknown, done: Opened): void => {
    const opened = noteOpening(identity, path);
    operations.openDescriptor(identity, path, flags, mode).then(
      (fd) => {
        opened?.(fd);
        done(null, fd);
      },
      (error: unknown) => done(error as Error),
    );
  };
  return { open, close: closing, fsync, read, write, writev };
}

/**
 * Node's options for a stream, whose file is opened as the identity unless it is open already. Functions of the
 * caller's own may do the rest.
 */
export function optionsFor(identity: Identity, path: unknown, given: unknown): Record<string, unknown> {
  const own = streamFs(identity);
  if (typeof given === 'string') return { encoding: given, fs: own };
  if (given == null || typeof given === 'function') return { fs: own };
  if (typeof given !== 'object') throw refusal('createReadStream', 1, 2, [path, given]);
  const options: Record<string, unknown> = {};
  for (const key in given) options[key] = (given as Record<string, unknown>)[key];
  if (options.fd != null || options.windowsHandle != null) return options;
  return { ...options, fs: { ...own, ...(options.fs as object | undefined), open: own.open } };
}

/** Node's own stream; the file is opened as the identity. */
export function createReadStream(identity: Identity, path: unknown, options?: unknown): ReadStream {
  return originals.createReadStream(path as string, optionsFor(identity, path, options));
}

/** Node's own stream; the file is opened as the identity. */
export function createWriteStream(identity: Identity, path: unknown, options?: unknown): WriteStream {
  return originals.createWriteStream(path as string, optionsFor(identity, path, options));
}
