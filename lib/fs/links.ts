import { constants, type BigIntStats } from 'node:fs';
import { isAbsolute, parse, resolve, sep, toNamespacedPath } from 'node:path';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { invalid, toOptions } from './parse';
import { runSteps, type Steps } from './dir-reader';
import { startJob } from './job';
import { encoded, needsBytes, textOf, toPath } from './path';
import { nodeMajor } from './node-fs';
import { toStats } from './stat';

const isWindows = process.platform === 'win32';

type LinkType = 'dir' | 'file' | 'junction';

// Node exports these constants, but @types/node does not declare them. libuv guarantees the values 1 and 2.
const { UV_FS_SYMLINK_DIR = 1, UV_FS_SYMLINK_JUNCTION = 2 } = constants as Record<string, number>;
const flags: Readonly<Record<LinkType, number>> = {
  file: 0,
  dir: UV_FS_SYMLINK_DIR,
  junction: UV_FS_SYMLINK_JUNCTION,
};

function toLinkType(type: unknown): LinkType | undefined {
  if (type == null) return undefined;
  // Before version 24 node ignored a type that is not a string.
  if (nodeMajor < 24 && typeof type !== 'string') return 'file';
  return type === 'dir' || type === 'file' || type === 'junction' ? type : invalid();
}

/** Returns the type of link that Windows requires: whether the target is a directory, as the identity sees it. */
function targetTypeOf(identity: Identity, target: FsPath, path: FsPath): Promise<LinkType> {
  if (!isWindows) return Promise.resolve('file');
  return startJob(identity, 'stat', resolve(textOf(path), '..', textOf(target)), false).then(
    (numbers): LinkType => (toStats(numbers).isDirectory() ? 'dir' : 'file'),
    (): LinkType => 'file',
  );
}

/** Returns the text of the link. Windows requires backslashes, and a namespace prefix for long absolute paths. */
function linkText(target: FsPath, path: FsPath, type: LinkType): FsPath {
  if (!isWindows) return target;
  const text = textOf(target);
  if (type === 'junction') return toNamespacedPath(resolve(textOf(path), '..', text));
  return isAbsolute(text) ? toNamespacedPath(text) : text.replaceAll('/', '\\');
}

/** Creates a link as the identity, like fs.promises.symlink(). */
export function symlink(identity: Identity, to: unknown, at: unknown, given: unknown): Promise<void> {
  const type = toLinkType(given);
  const target = toPath(to);
  const path = toPath(at);
  const make = (known: LinkType): Promise<void> =>
    startJob(identity, 'symlink', linkText(target, path, known), path, flags[known]);
  return type === undefined ? targetTypeOf(identity, target, path).then(make) : make(type);
}

/** Reads a link as the identity, like fs.promises.readlink(). */
export function readlink(identity: Identity, path: unknown, options: unknown): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return startJob(identity, 'readlink', toPath(path), needsBytes(encoding)).then((target) =>
    encoded(target, encoding),
  );
}

/** Returns the path up to the part after `current`; the root first. */
function partAfter(path: string, current: string): string {
  if (current === '') return parse(path).root;
  const end = path.indexOf(sep, current.endsWith(sep) ? current.length : current.length + 1);
  return end < 0 ? path : path.slice(0, end);
}

/**
 * Resolves the links of a path one by one, as node does in realpath() with a callback. The result is that of the system's
 * function, but drives and shares of Windows keep their names, and errors name the part that failed.
 */
function* realpathSteps(given: FsPath): Steps<string> {
  const known = new Set(isWindows ? [] : ['/']);
  const targets = new Map<string, string>();
  let path = resolve(textOf(given));
  let current = '';
  while (current !== path) {
    const parent = current;
    current = partAfter(path, parent);
    if (known.has(current)) continue;
    const stats = toStats((yield ['lstat', current, true]) as BigInt64Array) as BigIntStats;
    if (!stats.isSymbolicLink()) {
      known.add(current);
      continue;
    }
    const id = isWindows ? current : `${stats.dev}:${stats.ino}`;
    let target = targets.get(id);
    if (target === undefined) {
      yield ['stat', current, false];
      target = (yield ['readlink', current, false]) as string;
      targets.set(id, target);
    }
    path = resolve(parent, target, path.slice(current.length + 1));
    current = '';
  }
  return path;
}

/** Resolves a path as the identity, like realpath() with a callback. */
export function realpathByLinks(
  identity: Identity,
  path: unknown,
  options: unknown,
): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return runSteps(identity, realpathSteps(toPath(path))).then((real) => encoded(real, encoding));
}

/** Resolves a path as the identity, like fs.promises.realpath(). */
export function realpath(identity: Identity, path: unknown, options: unknown): Promise<string | Buffer> {
  const { encoding } = toOptions(options);
  return startJob(identity, 'realpath', toPath(path), needsBytes(encoding)).then((real) =>
    encoded(real, encoding),
  );
}
