import type { Dirent } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { doAsync, type Steps } from './dir-reader';
import { isDirectory, mayBeDirectory, scan, toDirent, type Entry } from './entries';
import { codeOf } from './error';
import { encoded, type Encoding } from './path';
import { nodeMajor } from './node-fs';
import { toOptions, type Options } from './parse';
import { join, toPath } from './path';
import { toStats } from './stat';

type Names = (string | Buffer | Dirent)[];

interface Found {
  readonly directory: FsPath;
  /** From the folder that is read. */
  readonly name: FsPath;
  readonly entry: Entry;
}

/** How node goes through what is below a folder. */
interface Walk {
  /** Enters the folder that was found first, not the last one. */
  readonly inOrder: boolean;
  /** Goes on behind links where types are asked for, too. */
  readonly followsTyped: boolean;
}

const promiseWalk: Walk = { inOrder: nodeMajor >= 26, followsTyped: nodeMajor >= 26 };
/** That of readdirSync(). */
export const syncWalk: Walk = { inOrder: true, followsTyped: nodeMajor >= 22 };

/** Whether a walk goes on into it: as the user may see it now. */
function* leadsOn({ directory, entry }: Found, follows: boolean): Steps<boolean> {
  if (isDirectory(entry) || !mayBeDirectory(entry) || !follows) return isDirectory(entry);
  try {
    return toStats((yield ['stat', join(directory, entry.name), false]) as Float64Array).isDirectory();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

/** Everything below, in node's order. */
function* walk(
  root: FsPath,
  encoding: Encoding,
  withFileTypes: boolean,
  { inOrder, followsTyped }: Walk,
): Steps<Found[]> {
  const follows = !withFileTypes || followsTyped;
  const all: Found[] = [];
  const ahead: { path: FsPath; name?: FsPath }[] = [{ path: root }];
  for (;;) {
    const folder = inOrder ? ahead.shift() : ahead.pop();
    if (folder === undefined) return all;
    const { path: directory, name: above } = folder;
    for (const entry of yield* scan(directory, encoding)) {
      const name = above === undefined ? entry.name : join(above, entry.name);
      const found = { directory, entry, name };
      all.push(found);
      if (yield* leadsOn(found, follows)) ahead.push({ path: join(directory, entry.name), name });
    }
  }
}

function* read(path: FsPath, given: Options, how: Walk): Steps<Names> {
  const { encoding, recursive } = given;
  const withFileTypes = Boolean(given.withFileTypes);
  if (recursive) {
    const found = yield* walk(path, encoding, withFileTypes, how);
    return found.map(({ directory, entry, name }) =>
      withFileTypes ? toDirent(entry, directory, encoding) : encoded(name, encoding),
    );
  }
  const entries = yield* scan(path, encoding);
  return entries.map((entry) =>
    withFileTypes ? toDirent(entry, path, encoding) : encoded(entry.name, encoding),
  );
}

/** The steps of readdir(). */
export const readdirSteps = (given: unknown, options: unknown, how: Walk = promiseWalk): Steps<Names> =>
  read(toPath(given), toOptions(options), how);

export function readdir(identity: Identity, given: unknown, options: unknown): Promise<Names> {
  return doAsync(identity, readdirSteps(given, options));
}
