import type { Dirent } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../flow/identity';
import { runSteps, type Steps } from './dir-reader';
import { isDirectory, mayBeDirectory, scan, scanNames, toDirent, type Entry } from './entries';
import { codeOf } from './error';
import { encoded, type Encoding, join, needsBytes, toPath } from './path';
import { nodeMajor } from './node-fs';
import { toBoolean, toOptions, type Options } from './parse';
import { toStats } from './stat';

type Names = (string | Buffer | Dirent)[];

interface Found {
  readonly directory: FsPath;
  /** The path relative to the directory that readdir() was called for. */
  readonly name: FsPath;
  readonly entry: Entry;
}

/** The order in which node's versions traverse subdirectories. */
interface WalkOptions {
  /** Whether directories are read in the order they were found; otherwise the last one is read first. */
  readonly inOrder: boolean;
  /** Whether links to directories are followed with `withFileTypes` as well. */
  readonly followsTyped: boolean;
}

const promiseWalk: WalkOptions = { inOrder: nodeMajor >= 26, followsTyped: nodeMajor >= 26 };
/** The traversal of readdirSync(). */
export const syncWalk: WalkOptions = { inOrder: true, followsTyped: nodeMajor >= 22 };

/** Whether the traversal enters an entry: a directory, or a link to a directory that the user can see. */
function* shouldDescend({ directory, entry }: Found, follows: boolean): Steps<boolean> {
  if (isDirectory(entry) || !mayBeDirectory(entry) || !follows) return isDirectory(entry);
  try {
    return toStats((yield ['stat', join(directory, entry.name), false]) as Float64Array).isDirectory();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

/** Returns everything below the directory, in node's order. */
function* walk(
  root: FsPath,
  encoding: Encoding,
  withFileTypes: boolean,
  { inOrder, followsTyped }: WalkOptions,
): Steps<Found[]> {
  const follows = !withFileTypes || followsTyped;
  const all: Found[] = [];
  const pending: { path: FsPath; name?: FsPath }[] = [{ path: root }];
  for (;;) {
    const next = inOrder ? pending.shift() : pending.pop();
    if (next === undefined) return all;
    const { path: directory, name: prefix } = next;
    for (const entry of yield* scan(directory, encoding)) {
      const name = prefix === undefined ? entry.name : join(prefix, entry.name);
      const found = { directory, entry, name };
      all.push(found);
      if (yield* shouldDescend(found, follows)) pending.push({ path: join(directory, entry.name), name });
    }
  }
}

function* read(path: FsPath, given: Options, walkOptions: WalkOptions): Steps<Names> {
  const { encoding, recursive } = given;
  const withFileTypes = Boolean(given.withFileTypes);
  if (recursive) {
    const found = yield* walk(path, encoding, withFileTypes, walkOptions);
    return found.map(({ directory, entry, name }) =>
      withFileTypes ? toDirent(entry, directory, encoding) : encoded(name, encoding),
    );
  }
  if (withFileTypes) return (yield* scan(path, encoding)).map((entry) => toDirent(entry, path, encoding));
  const names = yield* scanNames(path, encoding);
  return needsBytes(encoding) ? names.map((name) => encoded(name, encoding)) : (names as string[]);
}

/** Returns the steps of readdir(). */
export const readdirSteps = (
  given: unknown,
  options: unknown,
  walkOptions: WalkOptions = promiseWalk,
): Steps<Names> => {
  const parsed = toOptions(options);
  // The promise does not check it.
  if (walkOptions === syncWalk && parsed.recursive != null) toBoolean(parsed.recursive);
  return read(toPath(given), parsed, walkOptions);
};

/** Reads a directory as the identity, like readdir() with a callback, which takes the order of readdirSync(). */
export function readdirInOrder(identity: Identity, given: unknown, options: unknown): Promise<Names> {
  return runSteps(identity, readdirSteps(given, options, syncWalk));
}

/** Reads a directory as the identity, like fs.promises.readdir(). */
export function readdir(identity: Identity, given: unknown, options: unknown): Promise<Names> {
  return runSteps(identity, readdirSteps(given, options));
}
