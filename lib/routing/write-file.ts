import fs from 'node:fs';
import type { Identity } from '../flow/identity';
import { unlessAborted } from '../fs/abort';
import { originals } from '../fs/node-fs';
import { nodeArgumentError } from '../fs/node-internals/argument-errors';
import { closeAfter } from '../fs/node-internals/file-handle';
import { InvalidArguments, invalid, toBoolean, toFlags, toMode, toOptions, type Options } from '../fs/parse';
import { toPath } from '../fs/path';
import { openAs } from '../fs/streams';

interface Request extends Options {
  readonly flag: string | number;
  readonly mode: number;
}

function toRequest(path: unknown, data: unknown, given: unknown, defaultFlag: string): Request {
  const options = toOptions(given);
  toPath(path);
  // An iterable is for promises only.
  if (typeof data !== 'string' && !ArrayBuffer.isView(data)) return invalid();
  if (options.flush != null) toBoolean(options.flush);
  const flag = [options.flag, defaultFlag].find(Boolean) as string;
  toFlags(flag);
  return { ...options, flag, mode: toMode(options.mode, 0o666) };
}

type Settle = (error?: Error | null) => void;

const promised = (call: (done: Settle) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    call((error) => {
      if (error) reject(error);
      else resolve();
    });
  });

function write(identity: Identity, path: unknown, data: unknown, request: Request): Promise<void> {
  const opened = new Promise<number>((resolve, reject) => {
    openAs(identity)(path as string, request.flag, request.mode, (error, fd) => {
      if (error) reject(error);
      else resolve(fd as number);
    });
  });
  return opened.then((fd) => {
    const file = { close: () => promised((done) => fs.close(fd, done)) };
    return closeAfter(file, () =>
      promised((done) => originals.writeFile(fd, data as string, request as never, done)),
    );
  });
}

/**
 * Returns writeFile() or appendFile() with a callback, as an identity that opens the file. As in node, everything else is
 * done with the functions that node:fs has when they are called. Invalid arguments throw at once.
 */
export const writing =
  (name: 'appendFile' | 'writeFile', defaultFlag: string) =>
  (identity: Identity, path: unknown, data: unknown, given: unknown): Promise<void> => {
    try {
      const request = toRequest(path, data, given, defaultFlag);
      return unlessAborted(request.signal, () => write(identity, path, data, request));
    } catch (error) {
      throw error instanceof InvalidArguments ? nodeArgumentError(name, 1, 3, [path, data, given]) : error;
    }
  };
