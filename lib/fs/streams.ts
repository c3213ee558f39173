import fs, { type ReadStream, type WriteStream } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { recordClose, recordOpening } from '../flow/open-handles';
import { ImpersonationError } from '../internal/error';
import { currentTokenId } from '../scope/state';
import { close } from './descriptors';
import { operations } from './operations';
import { nextTick, opens, originals } from './node-fs';
import { nodeArgumentError } from './node-internals/argument-errors';

type Close = (fd: number, done?: (error?: Error | null) => void) => void;
type Opened = (error: Error | null, fd?: number) => void;
type Open = (path: FsPath, flags: unknown, mode: unknown, done: Opened) => void;

const closeDescriptor: Close = (fd, done) => {
  recordClose(fd);
  close(fd, done);
};

/**
 * The `fs` option for a stream of node: it opens the file in its own way. The other functions use the open descriptor,
 * which needs no identity; they are those that node:fs has when they are called, as in node.
 */
class StreamFs {
  readonly open: Open;

  constructor(open: Open) {
    this.open = open;
  }

  get close(): Close {
    return isRouted() ? fs.close : closeDescriptor;
  }

  get fsync(): typeof fs.fsync {
    return fs.fsync;
  }

  get read(): typeof fs.read {
    return fs.read;
  }

  get write(): typeof fs.write {
    return fs.write;
  }

  get writev(): typeof fs.writev {
    return fs.writev;
  }
}

const isRouted = (): boolean => opens.size > 1;

/** Returns an open() with a callback for node's streams: it opens files as the identity. */
export function openAs(identity: Identity): Open {
  const isInScope = currentTokenId() !== 0;
  return (path, flags, mode, done) => {
    // A tool has replaced fs.open(): it runs in the flow, as node would call it, and calls the routed function.
    if (isRouted() && !isInScope && !opens.has(fs.open)) {
      (fs.open as Open)(path, flags, mode, done);
      return;
    }
    const opened = recordOpening(identity, path);
    operations.openDescriptor(identity, path, flags, mode).then(
      (fd) => {
        opened?.(fd);
        done(null, fd);
      },
      (error: unknown) => done(error as Error),
    );
  };
}

/**
 * Returns the options for a stream of node whose file is opened as the identity, unless the caller gives a descriptor, or
 * functions in `options.fs` that open something else. Throws if these would run after the end of the scope.
 */
export const streamOptions = (identity: Identity, path: unknown, given: unknown): Record<string, unknown> =>
  optionsWith(openAs(identity), path, given);

/** Returns the options for a stream of node whose file cannot be opened: it emits the error. */
export function failingOptions(error: Error, path: unknown, given: unknown): Record<string, unknown> {
  return optionsWith((_path, _flags, _mode, done) => nextTick(done, error), path, given);
}

function fsOption(open: Open, theirs: unknown): object {
  if (theirs == null) return new StreamFs(open);
  const object = theirs as { open?: unknown };
  // The caller's functions, other than open(), are called as node calls them.
  if (opens.has(object.open)) return Object.create(object, { open: { value: open } }) as object;
  // Node rejects what is not a function.
  if (currentTokenId() === 0 || typeof object.open !== 'function') return object;
  throw new ImpersonationError(
    'options.fs.open() would open the file after the end of the scope: make the stream in a flow, or in withoutToken()',
    'ERR_NOT_ROUTED',
  );
}

function optionsWith(open: Open, path: unknown, given: unknown): Record<string, unknown> {
  if (typeof given === 'string') return { encoding: given, fs: fsOption(open, undefined) };
  if (given == null || typeof given === 'function') return { fs: fsOption(open, undefined) };
  if (typeof given !== 'object') throw nodeArgumentError('createReadStream', 1, 2, [path, given]);
  const options: Record<string, unknown> = {};
  for (const key in given) options[key] = (given as Record<string, unknown>)[key];
  if (options.fd != null || options.windowsHandle != null) return options;
  return { ...options, fs: fsOption(open, options.fs) };
}

/** Returns a ReadStream of node whose file is opened as the identity. */
export function createReadStream(identity: Identity, path: unknown, options?: unknown): ReadStream {
  return originals.createReadStream(path as string, streamOptions(identity, path, options));
}

/** Returns a WriteStream of node whose file is opened as the identity. */
export function createWriteStream(identity: Identity, path: unknown, options?: unknown): WriteStream {
  return originals.createWriteStream(path as string, streamOptions(identity, path, options));
}
