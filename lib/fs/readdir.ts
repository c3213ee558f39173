import type { Dirent } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../identity';
import { doAsync, type Steps } from './dir-reader';
import { isDirectory, mayBeDirectory, scan, toDirent, type Entry } from './entries';
import { codeOf } from './error';
import { encoded, type Encoding } from './names';
import { nodeMajor } from './node-fs';
import { toOptions } from './parse';
import { join, toPath } from './path';
import { toStats } from './stats';

type Names = (string | Buffer | Dirent)[];

interface Found {
  readonly directory: FsPath;
  /** From the folder that is read. */
  readonly name: FsPath;
  readonly entry: Entry;
}

/** Whether a walk goes on into it: as the user may see it now. */
function* leadsOn({ directory, entry }: Found, withFileTypes: boolean): Steps<boolean> {
  // Node before 26 follows links only where it returns names.
  const follows = !withFileTypes || nodeMajor >= 26;
  if (isDirectory(entry) || !mayBeDirectory(entry) || !follows) return isDirectory(entry);
  try {
    return toStats((yield ['stat', join(directory, entry.name), false]) as Float64Array).isDirectory();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

/** Everything below, in node's order: before version 26 the last folder found is entered first. */
function* walk(root: FsPath, encoding: Encoding, withFileTypes: boolean): Steps<Found[]> {
  const all: Found[] = [];
  const ahead: { path: FsPath; name?: FsPath }[] = [{ path: root }];
  for (;;) {
    const folder = nodeMajor >= 26 ? ahead.shift() : ahead.pop();
    if (folder === undefined) return all;
    const { path: directory, name: above } = folder;
    for (const entry of yield* scan(directory, encoding)) {
      const name = above === undefined ? entry.name : join(above, entry.name);
      const found = { directory, entry, name };
      all.push(found);
      if (yield* leadsOn(found, withFileTypes)) ahead.push({ path: join(directory, entry.name), name });
    }
  }
}

function* read(path: FsPath, given: ReturnType<typeof toOptions>): Steps<Names> {
  const { encoding, recursive } = given;
  const withFileTypes = Boolean(given.withFileTypes);
  if (recursive) {
    const found = yield* walk(path, encoding, withFileTypes);
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
export const readdirSteps = (given: unknown, options: unknown): Steps<Names> =>
  read(toPath(given), toOptions(options));

export function readdir(identity: Identity, given: unknown, options: unknown): Promise<Names> {
  return doAsync(identity, readdirSteps(given, options));
}
