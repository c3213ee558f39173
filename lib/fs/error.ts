import { getSystemErrorMap } from 'node:util';
import { withCode } from '../internal/error';
import type { FsPath } from '../../types/native';
import { fromSystemPath } from './path';

/** The paths that an error names, as node's errors do. */
export interface Paths {
  readonly path?: FsPath | undefined;
  readonly dest?: FsPath | undefined;
}

/** Returns the error that node makes for an error number of libuv, with the same fields in the same order. */
export function systemError(
  errno: number,
  syscall: string,
  { path, dest }: Paths = {},
): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(errno) ?? [`Unknown system error ${errno}`, 'unknown error'];
  const fields: Record<string, unknown> = { errno, code, syscall };
  if (path !== undefined) fields.path = fromSystemPath(path);
  if (dest !== undefined) fields.dest = fromSystemPath(dest);
  const from = path === undefined ? '' : ` '${fromSystemPath(path)}'`;
  const to = dest === undefined ? '' : ` -> '${fromSystemPath(dest)}'`;
  return Object.assign(new Error(`${code}: ${text}, ${syscall}${from}${to}`), fields);
}

/** Returns the `code` of an error; undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/**
 * Returns a handler for `catch` that returns `value` for an error with one of the codes, and rethrows any other error.
 */
export function fallback<T>(value: T, ...codes: string[]): (error: unknown) => T {
  return (error) => {
    if (codes.includes(codeOf(error) ?? '')) return value;
    throw error;
  };
}

/** The result of one of node's own checks, in the form of a system error. */
export interface CheckFailure {
  readonly message: string;
  readonly path: FsPath;
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;
}

class SystemError extends Error {}
Object.defineProperty(SystemError.prototype, 'name', { value: 'SystemError' });

/** Returns node's SystemError for a check of its own. `key` is the code of the error, ERR_FS_... */
export function checkError(key: string, summary: string, info: CheckFailure): Error {
  const { code, errno, message, path, syscall } = info;
  const error = new SystemError(`${summary}: ${syscall} returned ${code} (${message}) ${String(path)}`);
  return Object.assign(withCode(error, key), { info, errno, syscall, path: String(path) });
}
