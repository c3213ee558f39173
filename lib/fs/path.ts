import { join as joinStrings, sep, toNamespacedPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';
import type { FsPath } from '../../types/native';
import { type Options, invalid } from './parse';

const isWindows = process.platform === 'win32';

function isUrl(value: unknown): value is URL {
  if (typeof value !== 'object' || value === null) return false;
  const { href, protocol, auth, path } = value as Record<string, unknown>;
  return Boolean(href && protocol) && auth === undefined && path === undefined;
}

/** Whether it is what node takes for a path. */
export function isPath(value: unknown): boolean {
  try {
    toPath(value);
    return true;
  } catch {
    return false;
  }
}

/** A path as the caller gave it; URLs become strings (fileURLToPath). */
export function toPath(value: unknown): FsPath {
  const path: unknown = isUrl(value) ? fileURLToPath(value) : value;
  if (typeof path === 'string') return path.includes('\0') ? invalid() : path;
  if (types.isUint8Array(path)) return path.includes(0) ? invalid() : path;
  return invalid();
}

export const bytesOf = (path: FsPath): Buffer =>
  typeof path === 'string'
    ? Buffer.from(path)
    : Buffer.from(path.buffer as ArrayBuffer, path.byteOffset, path.byteLength);

export const textOf = (path: FsPath): string => (typeof path === 'string' ? path : bytesOf(path).toString());

/** As it goes to libuv: on Windows with the prefix that lifts the limit of 260 characters. */
export function forSystem(path: FsPath): FsPath {
  return isWindows ? toNamespacedPath(textOf(path)) : path;
}

/** The reverse of `forSystem`, as node shows paths in its errors and results. */
export function forUser(path: FsPath): string {
  const text = textOf(path);
  if (!isWindows) return text;
  if (text.startsWith('\\\\?\\UNC\\')) return `\\\\${text.slice(8)}`;
  return text.startsWith('\\\\?\\') ? text.slice(4) : text;
}

/** An entry of a directory: bytes as soon as one of them is. */
export function join(directory: FsPath, name: FsPath): FsPath {
  if (typeof directory === 'string' && typeof name === 'string') return joinStrings(directory, name);
  const bytes = bytesOf(directory);
  const separator = bytes.at(-1) === 0x2f || (isWindows && bytes.at(-1) === 0x5c) ? '' : sep;
  return Buffer.concat([bytes, Buffer.from(separator), bytesOf(name)]);
}

/** How the caller wants names: strings, or what else their bytes are to become. */
export type Encoding = Options['encoding'];

/** Whether libuv's bytes are needed, rather than strings made of UTF-8. */
export function asksForBytes(encoding: Encoding): boolean {
  return Boolean(encoding) && encoding !== 'utf8' && encoding !== 'utf-8';
}

export function encoded(name: FsPath, encoding: Encoding): string | Buffer {
  if (!encoding || !asksForBytes(encoding)) return typeof name === 'string' ? name : bytesOf(name).toString();
  return encoding === 'buffer' ? bytesOf(name) : bytesOf(name).toString(encoding);
}
