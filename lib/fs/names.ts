import type { FsPath } from '../../types/native';
import type { Options } from './parse';
import { bytesOf } from './path';

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
