import { getSystemErrorMap } from 'node:util';
import type { FsPath } from '../../types/native';
import { forUser } from './path';

/** What an operation looked at, as node's errors have it. */
export interface Paths {
  readonly path?: FsPath | undefined;
  readonly dest?: FsPath | undefined;
}

/** The error that node makes of libuv's number: the same fields in the same order. */
export function systemError(
  errno: number,
  syscall: string,
  { path, dest }: Paths = {},
): NodeJS.ErrnoException {
  const [code, text] = getSystemErrorMap().get(errno) ?? [`Unknown system error ${errno}`, 'unknown error'];
  const fields: Record<string, unknown> = { errno, code, syscall };
  if (path !== undefined) fields.path = forUser(path);
  if (dest !== undefined) fields.dest = forUser(dest);
  const from = path === undefined ? '' : ` '${forUser(path)}'`;
  const to = dest === undefined ? '' : ` -> '${forUser(dest)}'`;
  return Object.assign(new Error(`${code}: ${text}, ${syscall}${from}${to}`), fields);
}

/** The code of an error of the system. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** For `catch`: `value` in place of an error with one of the codes. */
export function unless<T>(value: T, ...codes: string[]): (error: unknown) => T {
  return (error) => {
    if (codes.includes(codeOf(error) ?? '')) return value;
    throw error;
  };
}

/** What a check of node's own found, in the words of the system's errors. */
export interface Finding {
  readonly message: string;
  readonly path: FsPath;
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;
}

class SystemError extends Error {
  override toString(): string {
    return `${this.name} [${String((this as NodeJS.ErrnoException).code)}]: ${this.message}`;
  }
}

/** Node's SystemError, which it throws for what it checks itself: `key` is its code, ERR_FS_... */
export function findingError(key: string, says: string, info: Finding): Error {
  const { code, errno, message, path, syscall } = info;
  const error = new SystemError(`${says}: ${syscall} returned ${code} (${message}) ${String(path)}`);
  Object.defineProperty(error, 'name', { value: 'SystemError', writable: true, configurable: true });
  return Object.assign(error, { code: key, info, errno, syscall, path: String(path) });
}
