import { constants, type promises } from 'node:fs';
import type { FsPath } from '../../../types/native';
import type { Identity } from '../../flow/identity';
import { asProcess } from '../../internal/flow-store';
import { systemError } from '../error';
import { abortable, startJob } from '../job';
import { originals } from '../node-fs';
import { InvalidArguments, toId, toMode, toSeconds } from '../parse';
import { fileToOpen } from '../permission';
import { unsupportedNodeError } from '../stat';
import { nodeArgumentError } from './argument-errors';

export type FileHandle = promises.FileHandle;
type Hook = (this: FileHandle) => unknown;

/** Node's class FileHandle and the private members that this package needs. */
export interface HandleInternals {
  readonly make: (fd: number) => FileHandle;
  /** Keeps the descriptor open until `unref`, even if the handle is closed. */
  readonly ref: Hook;
  readonly unref: Hook;
  /** The name of the method that transfers the handle to another thread. */
  readonly transfer: symbol;
  readonly prototype: FileHandle;
}

function symbolOf(object: object, description: string): symbol {
  const found = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  if (!found) throw unsupportedNodeError('FileHandle');
  return found;
}

function internalsOf(sample: FileHandle): HandleInternals {
  const prototype = Object.getPrototypeOf(sample) as FileHandle;
  const hooks = prototype as unknown as Record<symbol, Hook>;
  const hook = (description: string): Hook => hooks[symbolOf(prototype, description)] as Hook;
  const inner = (sample as unknown as Record<symbol, object>)[symbolOf(sample, 'kHandle')] as { fd: number };
  if (inner.fd !== sample.fd) throw unsupportedNodeError('FileHandle');
  const Outer = sample.constructor as new (inner: object) => FileHandle;
  const Inner = inner.constructor as new (fd: number) => object;
  return {
    make: (fd) => new Outer(new Inner(fd)),
    ref: hook('kRef'),
    unref: hook('kUnref'),
    transfer: symbolOf(prototype, 'messaging_transfer_symbol'),
    prototype,
  };
}

let internals: Promise<HandleInternals> | undefined;

/** Returns the internals, taken once from a handle that the process opens. */
export function handleInternals(): Promise<HandleInternals> {
  internals ??= asProcess(() => originals.promises.open(fileToOpen)).then(
    (sample) => {
      const found = internalsOf(sample);
      return sample.close().then(() => found);
    },
    (error: unknown) => {
      // No descriptor was free. The next call tries again.
      internals = undefined;
      throw error;
    },
  );
  return internals;
}

type AnyChange = (this: FileHandle, ...args: unknown[]) => Promise<void>;
type Change = (fd: number, ...args: unknown[]) => Promise<void>;

// Larger than any descriptor, so node's functions check the arguments and then fail with EBADF.
const noDescriptor = 0x7fff_ffff;

/** The calls that the system decides by the caller's identity, not by how the descriptor was opened. */
function changesAs(identity: Identity): Record<'chmod' | 'chown' | 'utimes', Change> {
  return {
    chmod: (fd, mode) => startJob(identity, 'fchmod', fd, toMode(mode)),
    chown: (fd, uid, gid) => startJob(identity, 'fchown', fd, toId(uid), toId(gid)),
    utimes: (fd, atime, mtime) => startJob(identity, 'futime', fd, toSeconds(atime), toSeconds(mtime)),
  };
}

function changeMethod(
  { ref, unref, prototype }: HandleInternals,
  name: 'chmod' | 'chown' | 'utimes',
  change: Change,
): AnyChange {
  return function (...args) {
    // Node rejects a closed handle first.
    if (this.fd === -1) return (prototype[name] as AnyChange).apply(this, args);
    ref.call(this);
    return Promise.resolve(this.fd)
      .then((fd) => change(fd, ...args))
      .catch((error: unknown) => {
        throw error instanceof InvalidArguments
          ? nodeArgumentError(`f${name}`, 0, 3, [noDescriptor, ...args])
          : error;
      })
      .finally(() => unref.call(this));
  };
}

function throwNotTransferable(): never {
  throw new DOMException(
    'A FileHandle that was opened as a user cannot be transferred: open the file on the other thread',
    'DataCloneError',
  );
}

/**
 * Returns node's FileHandle for a descriptor that the identity has opened. Methods that need only the descriptor are
 * node's own. chmod, chown and utimes run as the identity, because node's would run as the process. For the same reason
 * the handle cannot be transferred to another thread, where these methods would be node's.
 */
function wrapDescriptor(internals: HandleInternals, identity: Identity, fd: number): FileHandle {
  const handle = internals.make(fd);
  const changes = changesAs(identity);
  for (const name of ['chmod', 'chown', 'utimes'] as const) {
    Object.defineProperty(handle, name, {
      value: changeMethod(internals, name, changes[name]),
      writable: true,
      configurable: true,
    });
  }
  return Object.defineProperty(handle, internals.transfer, { value: throwNotTransferable });
}

/** Returns the result of `start`; a descriptor becomes a FileHandle. */
function toHandle<T>(identity: Identity, start: () => Promise<number | T>): Promise<FileHandle | T> {
  // Before `start`, so that a failure here cannot leave an open descriptor behind.
  return handleInternals().then((internals) =>
    start().then((found) => (typeof found === 'number' ? wrapDescriptor(internals, identity, found) : found)),
  );
}

/** Opens a file as the identity, unless the signal is aborted. The caller must close the handle. */
export function openHandle(
  identity: Identity,
  path: FsPath,
  flags: number,
  mode: number,
  signal?: AbortSignal,
): Promise<FileHandle> {
  return toHandle<never>(identity, () => startJob(abortable(identity, signal), 'open', path, flags, mode));
}

/**
 * Reads a regular file of at most `limit` bytes in one job on a user thread, as the identity. For any other file it
 * returns an open handle, which the caller must close.
 */
export function readOrOpen(identity: Identity, path: FsPath, limit: number): Promise<Buffer | FileHandle> {
  return toHandle(identity, () => startJob(identity, 'readfile', path, constants.O_RDONLY, 0, limit));
}

/** A file that is open, and how many bytes have been written to it. */
export interface PartlyWritten {
  readonly handle: FileHandle;
  readonly count: number;
}

/**
 * Opens a file, writes the bytes and closes it in one job on a user thread, as the identity. If not everything could be
 * written, it returns an open handle, which the caller must close.
 */
export function writeOrOpen(
  identity: Identity,
  path: FsPath,
  flags: number,
  mode: number,
  bytes: Uint8Array,
): Promise<PartlyWritten | undefined> {
  return handleInternals().then((internals) =>
    startJob(identity, 'writefile', path, flags, mode, bytes).then((left) => {
      if (left === undefined) return undefined;
      const [fd, count] = left;
      if (fd < 0) throw systemError(count, 'close');
      return { handle: wrapDescriptor(internals, identity, fd), count };
    }),
  );
}

/** Whether the value is a FileHandle, or an object with its methods for files. */
export function isHandle(value: unknown): value is FileHandle {
  if (typeof value !== 'object' || value === null) return false;
  const { fd, readFile, writeFile, appendFile } = value as Record<string, unknown>;
  return typeof fd === 'number' && [readFile, writeFile, appendFile].every((of) => typeof of === 'function');
}

/** Calls `use`, closes the handle, and returns the result of `use`. */
export function closeAfter<T, H extends { close(): Promise<void> }>(
  handle: H,
  use: (handle: H) => Promise<T>,
): Promise<T> {
  return use(handle).then(
    (result) => handle.close().then(() => result),
    (error: unknown) =>
      handle.close().then(
        () => Promise.reject(error as Error),
        (closeError: unknown) => {
          const { message, code } = error as NodeJS.ErrnoException;
          throw Object.assign(new AggregateError([error, closeError], message), { code });
        },
      ),
  );
}
