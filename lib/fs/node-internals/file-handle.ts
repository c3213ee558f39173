import { constants, type promises } from 'node:fs';
import { devNull } from 'node:os';
import type { FsPath } from '../../../types/native';
import type { Identity } from '../../flow/identity';
import { asProcess } from '../../internal/flow-store';
import { startJob } from '../job';
import { originals } from '../node-fs';
import { InvalidArguments, toId, toMode, toSeconds } from '../parse';
import { unknownForm } from '../stat';
import { refusal } from './refusal';

export type FileHandle = promises.FileHandle;
type Hook = (this: FileHandle) => unknown;

/** Node's class of file handles, and what it keeps to itself. */
export interface HandleForm {
  readonly make: (fd: number) => FileHandle;
  /** Keeps the descriptor open until `letGo`, whatever is closed. */
  readonly hold: Hook;
  readonly letGo: Hook;
  /** The name of the method that gives the handle away to another thread. */
  readonly transfer: symbol;
  readonly prototype: FileHandle;
}

function symbolOf(object: object, description: string): symbol {
  const found = Object.getOwnPropertySymbols(object).find((symbol) => symbol.description === description);
  if (!found) throw unknownForm('FileHandle');
  return found;
}

function formOf(sample: FileHandle): HandleForm {
  const prototype = Object.getPrototypeOf(sample) as FileHandle;
  const hooks = prototype as unknown as Record<symbol, Hook>;
  const hook = (description: string): Hook => hooks[symbolOf(prototype, description)] as Hook;
  const inner = (sample as unknown as Record<symbol, object>)[symbolOf(sample, 'kHandle')] as { fd: number };
  if (inner.fd !== sample.fd) throw unknownForm('FileHandle');
  const Outer = sample.constructor as new (inner: object) => FileHandle;
  const Inner = inner.constructor as new (fd: number) => object;
  return {
    make: (fd) => new Outer(new Inner(fd)),
    hold: hook('kRef'),
    letGo: hook('kUnref'),
    transfer: symbolOf(prototype, 'messaging_transfer_symbol'),
    prototype,
  };
}

let form: Promise<HandleForm> | undefined;

/** Learned once, from a handle of the process's own on what anyone may open. */
export function handleForm(): Promise<HandleForm> {
  form ??= asProcess(() => originals.promises.open(devNull)).then((sample) => {
    const learned = formOf(sample);
    return sample.close().then(() => learned);
  });
  return form;
}

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
