import { constants } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { unlessAborted } from './abort';
import {
  closeAfter,
  isHandle,
  openHandle,
  readOrOpen,
  writeOrOpen,
  type FileHandle,
} from './node-internals/file-handle';
import { systemError } from './error';
import { invalid, type Options, toBoolean, toFlags, toMode, toOptions } from './parse';
import { nodeMajor } from './node-fs';
import { toSystemPath, toPath } from './path';

const isView = (value: unknown): value is NodeJS.ArrayBufferView => ArrayBuffer.isView(value);

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

const orDefault = (flag: unknown, defaultFlag: string): unknown => [flag, defaultFlag].find(Boolean);

/** Since version 26 node adds the path to errors of reading and writing. */
const errorsHavePaths = nodeMajor >= 26;

function withPath(error: unknown, path: FsPath): unknown {
  const { errno, syscall, path: known } = error as NodeJS.ErrnoException;
  if (errno === undefined || syscall === undefined || known !== undefined) return error;
  return systemError(errno, syscall, { path: toSystemPath(path) });
}

function useAndClose<T>(
  handle: FileHandle,
  path: FsPath,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  return closeAfter(handle, work).catch((error: unknown) => {
    throw errorsHavePaths ? withPath(error, path) : error;
  });
}

function withOpenFile<T>(
  identity: Identity,
  [path, flags, mode]: [FsPath, number, number],
  options: Options,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  return unlessAborted(options.signal, () =>
    openHandle(identity, path, flags, mode, options.signal).then((handle) => useAndClose(handle, path, work)),
  );
}

/** The size in bytes that node reads or writes at a time, between two checks of a signal. */
const limit = 512 * 1024;

/** Whether the options need nothing but the whole content of the file. */
const isPlain = ({ buffer, encoding, signal }: Options): boolean =>
  signal === undefined && buffer === undefined && (encoding == null || Buffer.isEncoding(encoding));

/** Opens, reads and closes the file in one job on a user thread; node's functions need four. */
function readWhole(identity: Identity, path: FsPath, options: Options): Promise<string | Buffer> {
  return readOrOpen(identity, path, limit).then((found) => {
    if (!Buffer.isBuffer(found))
      return useAndClose(found, path, (handle) => handle.readFile(options as never));
    return options.encoding == null ? found : found.toString(options.encoding as BufferEncoding);
  });
}

/** Reads a file as the identity, like fs.promises.readFile(). */
export function readFile(identity: Identity, path: unknown, given: unknown): Promise<string | Buffer> {
  const options = toOptions(given);
  const { buffer, flag } = options;
  if (buffer !== undefined && typeof buffer !== 'function' && !isView(buffer)) return invalid();
  if (isHandle(path)) return path.readFile(options as never);
  const file = toPath(path);
  const flags = toFlags(orDefault(flag, 'r'));
  if (flags === constants.O_RDONLY && isPlain(options)) return readWhole(identity, file, options);
  return withOpenFile(identity, [file, flags, 0o666], options, (handle) => handle.readFile(options as never));
}

/**
 * Reads a file as the identity, like readFile() with a callback: the string is made from all of the bytes, so that one
 * that is too long has node's error.
 */
export function readFileAtOnce(identity: Identity, path: unknown, given: unknown): Promise<string | Buffer> {
  const { encoding, ...options } = toOptions(given);
  const read = readFile(identity, path, options) as Promise<Buffer>;
  return encoding ? read.then((bytes) => bytes.toString(encoding as BufferEncoding)) : read;
}

/** Returns the bytes if they are written in one job: data that is complete and not long. */
function toBytes(data: unknown, { encoding, signal }: Options): Uint8Array | undefined {
  if (signal !== undefined || (encoding != null && !Buffer.isEncoding(encoding))) return undefined;
  if (typeof data === 'string' && data.length <= limit) return Buffer.from(data, encoding ?? 'utf8');
  if (!isView(data) || data.byteLength > limit) return undefined;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Opens, writes and closes the file in one job on a user thread; node's functions need three. */
function writeWhole(
  identity: Identity,
  [path, flags, mode]: [FsPath, number, number],
  bytes: Uint8Array,
): Promise<void> {
  return writeOrOpen(identity, path, flags, mode, bytes).then(
    (left) =>
      left && useAndClose(left.handle, path, (handle) => handle.writeFile(bytes.subarray(left.count))),
  );
}

function write(
  identity: Identity,
  path: unknown,
  data: unknown,
  options: Options,
  defaultFlag: string,
): Promise<void> {
  const { flag, flush, mode } = options;
  const flushes = flush == null ? false : toBoolean(flush);
  if (typeof data !== 'string' && !isView(data) && !isIterable(data)) return invalid();
  const opened: [FsPath, number, number] = [
    toPath(path),
    toFlags(orDefault(flag, defaultFlag)),
    toMode(mode, 0o666),
  ];
  const bytes = flushes ? undefined : toBytes(data, options);
  if (bytes) return writeWhole(identity, opened, bytes);
  return withOpenFile(identity, opened, options, (handle) => {
    const written = handle.writeFile(data as string, { encoding: 'utf8', ...options } as never);
    return flushes ? written.then(() => handle.sync()) : written;
  });
}

/** Writes a file as the identity, like fs.promises.writeFile(). */
export function writeFile(identity: Identity, path: unknown, data: unknown, given: unknown): Promise<void> {
  const options = toOptions(given);
  return isHandle(path)
    ? path.writeFile(data as string, options as never)
    : write(identity, path, data, options, 'w');
}

/** Appends to a file as the identity, like fs.promises.appendFile(). */
export function appendFile(identity: Identity, path: unknown, data: unknown, given: unknown): Promise<void> {
  const options = toOptions(given);
  return isHandle(path)
    ? path.appendFile(data as string, options as never)
    : write(identity, path, data, options, 'a');
}

/** Truncates a file as the identity, like fs.promises.truncate(). */
export function truncate(identity: Identity, path: unknown, length: unknown): Promise<void> {
  return openHandle(identity, toPath(path), toFlags('r+'), 0o666).then((handle) =>
    closeAfter(handle, () => handle.truncate(length as number)),
  );
}
