import type { FsPath } from '../../types/native';

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
