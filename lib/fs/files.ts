import { constants } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { unlessAborted } from './abort';
import { closing, isHandle, openHandle, readOrOpen, type FileHandle } from './node-internals/file-handle';
import { systemError } from './error';
import { invalid } from './parse';
import { nodeMajor } from './node-fs';
import { toBoolean, toFlags, toMode, toOptions, type Options } from './parse';
import { forSystem, toPath } from './path';

const isView = (value: unknown): value is NodeJS.ArrayBufferView => ArrayBuffer.isView(value);

function isIterable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}

const orDefault = (flag: unknown, letter: string): unknown => [flag, letter].find(Boolean);

/** Since version 26 node says which file could not be read or written, too. */
const namesPaths = nodeMajor >= 26;

function named(error: unknown, path: FsPath): unknown {
  const { errno, syscall, path: known } = error as NodeJS.ErrnoException;
  if (errno === undefined || syscall === undefined || known !== undefined) return error;
  return systemError(errno, syscall, { path: forSystem(path) });
}

function done<T>(handle: FileHandle, path: FsPath, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  return closing(handle, work).catch((error: unknown) => {
    throw namesPaths ? named(error, path) : error;
  });
}

function use<T>(
  identity: Identity,
  [path, flags, mode]: [FsPath, number, number],
  options: Options,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  return unlessAborted(options.signal, () =>
    openHandle(identity, path, flags, mode).then((handle) => done(handle, path, work)),
  );
}

/** As much as node reads at a time, between two looks at a signal. */
const mostAtOnce = 512 * 1024;

/** Whether nothing is asked for but what is in the file. */
const isPlain = ({ buffer, encoding, signal }: Options): boolean =>
  signal === undefined && buffer === undefined && (encoding == null || Buffer.isEncoding(encoding));

/** One visit to a pool thread, where node's own functions take four. */
function readAtOnce(identity: Identity, path: FsPath, options: Options): Promise<string | Buffer> {
  return readOrOpen(identity, path, mostAtOnce).then((found) => {
    if (!Buffer.isBuffer(found)) return done(found, path, (handle) => handle.readFile(options as never));
    return options.encoding == null ? found : found.toString(options.encoding as BufferEncoding);
  });
}

export function readFile(identity: Identity, path: unknown, given: unknown): Promise<string | Buffer> {
  const options = toOptions(given);
  const { buffer, flag } = options;
  if (buffer !== undefined && typeof buffer !== 'function' && !isView(buffer)) return invalid();
  if (isHandle(path)) return path.readFile(options as never);
  const file = toPath(path);
  const flags = toFlags(orDefault(flag, 'r'));
  if (flags === constants.O_RDONLY && isPlain(options)) return readAtOnce(identity, file, options);
  return use(identity, [file, flags, 0o666], options, (handle) => handle.readFile(options as never));
}

function write(
  identity: Identity,
  path: unknown,
  data: unknown,
  options: Options,
  letter: string,
): Promise<void> {
  const { flag, flush, mode } = options;
  const flushes = flush == null ? false : toBoolean(flush);
  if (typeof data !== 'string' && !isView(data) && !isIterable(data)) return invalid();
  const opened: [FsPath, number, number] = [
    toPath(path),
    toFlags(orDefault(flag, letter)),
    toMode(mode, 0o666),
  ];
  return use(identity, opened, options, (handle) => {
    const written = handle.writeFile(data as string, { encoding: 'utf8', ...options } as never);
    return flushes ? written.then(() => handle.sync()) : written;
  });
}

export function writeFile(identity: Identity, path: unknown, data: unknown, given: unknown): Promise<void> {
  const options = toOptions(given);
  return isHandle(path)
    ? path.writeFile(data as string, options as never)
    : write(identity, path, data, options, 'w');
}

export function appendFile(identity: Identity, path: unknown, data: unknown, given: unknown): Promise<void> {
  const options = toOptions(given);
  return isHandle(path)
    ? path.appendFile(data as string, options as never)
    : write(identity, path, data, options, 'a');
}

export function truncate(identity: Identity, path: unknown, length: unknown): Promise<void> {
  return openHandle(identity, toPath(path), toFlags('r+'), 0o666).then((handle) =>
    closing(handle, () => handle.truncate(length as number)),
  );
}
