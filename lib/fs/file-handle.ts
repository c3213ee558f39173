import { constants } from 'node:fs';
import type { Identity } from '../flow/identity';
import { handleForm, type FileHandle, type HandleForm } from './node-internals/handle-form';
import { InvalidArguments } from './invalid';
import { startJob } from './job';
import { toId, toMode, toSeconds } from './parse';
import { refusal } from './node-internals/refusal';
import type { FsPath } from '../../types/native';

export type { FileHandle } from './node-internals/handle-form';

type AnyChange = (this: FileHandle, ...args: unknown[]) => Promise<void>;
type Change = (fd: number, ...args: unknown[]) => Promise<void>;

// More than any process may open: node's functions refuse arguments before they come to it.
const noDescriptor = 0x7fff_ffff;

/** What the system allows by who asks, not by how the descriptor was opened. */
function changesAs(identity: Identity): Record<'chmod' | 'chown' | 'utimes', Change> {
  return {
    chmod: (fd, mode) => startJob(identity, 'fchmod', fd, toMode(mode)),
    chown: (fd, uid, gid) => startJob(identity, 'fchown', fd, toId(uid), toId(gid)),
    utimes: (fd, atime, mtime) => startJob(identity, 'futime', fd, toSeconds(atime), toSeconds(mtime)),
  };
}

function guarded(
  { hold, letGo, prototype }: HandleForm,
  name: 'chmod' | 'chown' | 'utimes',
  change: Change,
): AnyChange {
  return function (...args) {
    // Node refuses a closed handle before it does anything.
    if (this.fd === -1) return (prototype[name] as AnyChange).apply(this, args);
    hold.call(this);
    return Promise.resolve(this.fd)
      .then((fd) => change(fd, ...args))
      .catch((error: unknown) => {
        throw error instanceof InvalidArguments ? refusal(`f${name}`, 0, 3, [noDescriptor, ...args]) : error;
      })
      .finally(() => letGo.call(this));
  };
}

function refuseTransfer(): never {
  throw new DOMException('A FileHandle of a user cannot be transferred', 'DataCloneError');
}

/**
 * Node's own FileHandle for a descriptor that the identity has opened. What only needs the descriptor is node's own;
 * chmod, chown and utimes run as the identity, as node's would act as the process. For the same reason the handle
 * cannot be transferred to another thread, where it would be node's alone.
 */
function adopt(form: HandleForm, identity: Identity, fd: number): FileHandle {
  const handle = form.make(fd);
  const changes = changesAs(identity);
  for (const name of ['chmod', 'chown', 'utimes'] as const) {
    Object.defineProperty(handle, name, {
      value: guarded(form, name, changes[name]),
      writable: true,
      configurable: true,
    });
  }
  return Object.defineProperty(handle, form.transfer, { value: refuseTransfer });
}

/** What `start` comes to; of a descriptor that the identity has opened, node's own handle. */
function owned<T>(identity: Identity, start: () => Promise<number | T>): Promise<FileHandle | T> {
  // First, so that a descriptor that has been opened always gets its owner.
  return handleForm().then((form) =>
    start().then((found) => (typeof found === 'number' ? adopt(form, identity, found) : found)),
  );
}

/** Opens as the identity. The handle is the caller's to close. */
export function openHandle(
  identity: Identity,
  path: FsPath,
  flags: number,
  mode: number,
): Promise<FileHandle> {
  return owned<never>(identity, () => startJob(identity, 'open', path, flags, mode));
}

/**
 * What is in an ordinary file of up to `most` bytes, read by the pool thread that opens it as the identity. Of
 * anything else the handle to read from, which is the caller's to close.
 */
export function readOrOpen(identity: Identity, path: FsPath, most: number): Promise<Buffer | FileHandle> {
  return owned(identity, () => startJob(identity, 'readfile', path, constants.O_RDONLY, 0, most));
}

/** Whether it is a handle already, with its own methods for files. */
export function isHandle(value: unknown): value is FileHandle {
  if (typeof value !== 'object' || value === null) return false;
  const { fd, readFile, writeFile, appendFile } = value as Record<string, unknown>;
  return typeof fd === 'number' && [readFile, writeFile, appendFile].every((of) => typeof of === 'function');
}

/** What `use` comes to, once the handle has been closed. */
export function closing<T>(handle: FileHandle, use: (handle: FileHandle) => Promise<T>): Promise<T> {
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
