import { resolve } from 'node:path';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { startJob } from './job';
import { asksForBytes, encoded, type Encoding } from './names';
import { toOptions } from './parse';
import { bytesOf, join, toPath } from './path';
import { removeTree } from './rm';

/** A folder that goes with the object: what node 24 and later make. */
export interface DisposableFolder extends AsyncDisposable {
  readonly path: string | Buffer;
  /** Removes the folder with all that is in it, as the user that made it. */
  remove(): Promise<void>;
}

const slash = 0x2f;

/** What libuv makes a name of. */
export const mkdtempTemplate = (prefix: FsPath): FsPath =>
  typeof prefix === 'string' ? `${prefix}XXXXXX` : Buffer.concat([prefix, bytesOf('XXXXXX')]);

const make = (identity: Identity, prefix: FsPath, encoding: Encoding): Promise<FsPath> =>
  startJob(identity, 'mkdtemp', mkdtempTemplate(prefix), asksForBytes(encoding));

export function mkdtemp(identity: Identity, prefix: unknown, options: unknown): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return make(identity, toPath(prefix), encoding).then((path) => encoded(path, encoding));
}

export function mkdtempDisposable(
  identity: Identity,
  prefix: unknown,
  options: unknown,
): Promise<DisposableFolder> {
  const { encoding } = toOptions(options);
  const folder = process.cwd();
  return make(identity, toPath(prefix), encoding).then((path) => {
    // Whatever the current folder is by then.
    const whole =
      typeof path === 'string' ? resolve(folder, path) : path[0] === slash ? path : join(folder, path);
    const removal = { recursive: true, force: false, maxRetries: 0, retryDelay: 0 };
    const remove = (): Promise<void> => removeTree(identity, whole, removal);
    return Object.assign(Object.create(null) as object, {
      path: encoded(path, encoding),
      remove,
      [Symbol.asyncDispose]: remove,
    });
  });
}
