import { constants } from 'node:os';
import type { FsPath } from '../../types/native';

/** What a check of node's own found, in the words of the system's errors. */
export interface Finding {
  readonly code: keyof typeof constants.errno;
  readonly message: string;
  readonly path: FsPath;
  readonly syscall: string;
}

class SystemError extends Error {
  override toString(): string {
    return `${this.name} [${String((this as NodeJS.ErrnoException).code)}]: ${this.message}`;
  }
}

/** Node's SystemError, which it throws for what it checks itself: `key` is its code, ERR_FS_... */
export function findingError(key: string, says: string, { code, message, path, syscall }: Finding): Error {
  const info = { code, message, path, syscall, errno: constants.errno[code] };
  const error = new SystemError(`${says}: ${syscall} returned ${code} (${message}) ${String(path)}`);
  Object.defineProperty(error, 'name', { value: 'SystemError', writable: true, configurable: true });
  return Object.assign(error, { code: key, info, errno: info.errno, syscall, path: String(path) });
}
