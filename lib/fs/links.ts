import { constants } from 'node:fs';
import { isAbsolute, resolve, toNamespacedPath } from 'node:path';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { invalid } from './parse';
import { startJob } from './job';
import { asksForBytes, encoded } from './path';
import { nodeMajor } from './node-fs';
import { toOptions } from './parse';
import { textOf, toPath } from './path';
import { toStats } from './stat';

const isWindows = process.platform === 'win32';

type LinkType = 'dir' | 'file' | 'junction';

// Node has these without saying so in its types; 1 and 2 by libuv's promise.
const { UV_FS_SYMLINK_DIR = 1, UV_FS_SYMLINK_JUNCTION = 2 } = constants as Record<string, number>;
const flags: Readonly<Record<LinkType, number>> = {
  file: 0,
  dir: UV_FS_SYMLINK_DIR,
  junction: UV_FS_SYMLINK_JUNCTION,
};

function toLinkType(type: unknown): LinkType | undefined {
  if (type == null) return undefined;
  // Before version 24 node looked at strings only.
  if (nodeMajor < 24 && typeof type !== 'string') return 'file';
  return type === 'dir' || type === 'file' || type === 'junction' ? type : invalid();
}

/** What Windows has to be told: whether the target is a folder, as the identity sees it. */
function typeOf(identity: Identity, target: FsPath, path: FsPath): Promise<LinkType> {
  if (!isWindows) return Promise.resolve('file');
  return startJob(identity, 'stat', resolve(textOf(path), '..', textOf(target)), false).then(
    (numbers): LinkType => (toStats(numbers).isDirectory() ? 'dir' : 'file'),
    (): LinkType => 'file',
  );
}

/** What the link says: Windows knows no slashes there, and absolute paths may be long. */
function linkText(target: FsPath, path: FsPath, type: LinkType): FsPath {
  if (!isWindows) return target;
  const text = textOf(target);
  if (type === 'junction') return toNamespacedPath(resolve(textOf(path), '..', text));
  return isAbsolute(text) ? toNamespacedPath(text) : text.replaceAll('/', '\\');
}

export function symlink(identity: Identity, to: unknown, at: unknown, given: unknown): Promise<void> {
  const type = toLinkType(given);
  const target = toPath(to);
  const path = toPath(at);
  const make = (known: LinkType): Promise<void> =>
    startJob(identity, 'symlink', linkText(target, path, known), path, flags[known]);
  return type === undefined ? typeOf(identity, target, path).then(make) : make(type);
}

export function readlink(identity: Identity, path: unknown, options: unknown): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return startJob(identity, 'readlink', toPath(path), asksForBytes(encoding)).then((target) =>
    encoded(target, encoding),
  );
}

export function realpath(identity: Identity, path: unknown, options: unknown): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return startJob(identity, 'realpath', toPath(path), asksForBytes(encoding)).then((real) =>
    encoded(real, encoding),
  );
}
