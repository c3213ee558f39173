import { join as joinStrings, sep, toNamespacedPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import type { FsPath } from '../../types/native';
import { type Options, invalid } from './parse';

export const isWindows = process.platform === 'win32';

function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false;
  const { href, protocol, auth, path } = value as Record<string, unknown>;
  return Boolean(href && protocol) && auth === undefined && path === undefined;
}

/** Whether node accepts the value as a path. */
export function isPath(value: unknown): boolean {
  try {
    toPath(value);
    return true;
  } catch {
    return false;
  }
}

/** Returns the path as the caller gave it; a URL becomes a string (fileURLToPath). */
export function toPath(value: unknown): FsPath {
  const path: unknown = isUrl(value) ? fileURLToPath(value) : value;
  if (typeof path === 'string') return path.includes('\0') ? invalid() : path;
  if (types.isUint8Array(path)) return path.includes(0) ? invalid() : path;
  return invalid();
}

/** Returns the path as bytes, without a copy of those that are bytes already. */
export const bytesOf = (path: FsPath): Buffer =>
  typeof path === 'string'
    ? Buffer.from(path)
    : Buffer.from(path.buffer as ArrayBuffer, path.byteOffset, path.byteLength);

/** Returns the path as text; bytes are decoded as UTF-8. */
export const textOf = (path: FsPath): string => (typeof path === 'string' ? path : bytesOf(path).toString());

/** Returns the path for libuv. On Windows it gets the prefix that lifts the limit of 260 characters. */
export function toSystemPath(path: FsPath): FsPath {
  return isWindows ? toNamespacedPath(textOf(path)) : path;
}

/** Removes the prefix of `toSystemPath`, as node does in errors and results. */
export function fromSystemPath(path: FsPath): string {
  const text = textOf(path);
  if (!isWindows) return text;
  if (text.startsWith('\\\\?\\UNC\\')) return `\\\\${text.slice(8)}`;
  return text.startsWith('\\\\?\\') ? text.slice(4) : text;
}

/** Joins a directory and a name. The result is bytes if either of them is. */
export function join(directory: FsPath, name: FsPath): FsPath {
  if (typeof directory === 'string' && typeof name === 'string') return joinStrings(directory, name);
  const bytes = bytesOf(directory);
  const separator = bytes.at(-1) === 0x2f || (isWindows && bytes.at(-1) === 0x5c) ? '' : sep;
  return Buffer.concat([bytes, Buffer.from(separator), bytesOf(name)]);
}

/** The encoding of the names that a function returns. */
export type Encoding = Options['encoding'];

/** Whether libuv must return names as bytes, because they are not to be decoded as UTF-8. */
export function needsBytes(encoding: Encoding): boolean {
  return Boolean(encoding) && encoding !== 'utf8' && encoding !== 'utf-8';
}

/** Returns a name of libuv in the encoding of the caller. */
export function encoded(name: FsPath, encoding: Encoding): string | Buffer {
  if (!encoding || !needsBytes(encoding)) return typeof name === 'string' ? name : bytesOf(name).toString();
  return encoding === 'buffer' ? bytesOf(name) : bytesOf(name).toString(encoding);
}
