import type { Dirent } from 'node:fs';
import type { FsPath } from '../../types/native';
import type { Identity } from '../identity';
import { isDirectory, mayBeDirectory, scan, toDirent, type Entry } from './entries';
import { startJob } from './job';
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

/** Whether a walk goes on into it: as the identity may see it now. */
function leadsOn(identity: Identity, { directory, entry }: Found, withFileTypes: boolean): Promise<boolean> {
  // Node before 26 follows links only where it returns names.
  const follows = !withFileTypes || nodeMajor >= 26;
  if (isDirectory(entry) || !mayBeDirectory(entry) || !follows) return Promise.resolve(isDirectory(entry));
  return startJob(identity, 'stat', join(directory, entry.name), false).then(
    (numbers) => toStats(numbers).isDirectory(),
    () => false,
  );
}

/** Everything below, in node's order: before version 26 the last folder found is entered first. */
function walk(
  identity: Identity,
  root: FsPath,
  encoding: Encoding,
  withFileTypes: boolean,
): Promise<Found[]> {
  const found: Found[] = [];
  const ahead: { path: FsPath; name?: FsPath }[] = [{ path: root }];
  const next = (): Promise<Found[]> => {
    const folder = nodeMajor >= 26 ? ahead.shift() : ahead.pop();
    if (folder === undefined) return Promise.resolve(found);
    const { path: directory, name: above } = folder;
    return scan(identity, directory, encoding)
      .then((entries) => {
        const nameOf = ({ name }: Entry): FsPath => (above === undefined ? name : join(above, name));
        const here = entries.map((entry) => ({ directory, entry, name: nameOf(entry) }));
        found.push(...here);
        return Promise.all(here.map((one) => leadsOn(identity, one, withFileTypes)));
      })
      .then((leads) => {
        const here = found.slice(found.length - leads.length);
        for (const [index, { entry, name }] of here.entries()) {
          if (leads[index]) ahead.push({ path: join(directory, entry.name), name });
        }
        return next();
      });
  };
  return next();
}

export function readdir(identity: Identity, given: unknown, options: unknown): Promise<Names> {
  const { encoding, recursive, withFileTypes } = toOptions(options);
  const path = toPath(given);
  if (recursive) {
    return walk(identity, path, encoding, Boolean(withFileTypes)).then((found) =>
      found.map((one) =>
        withFileTypes ? toDirent(one.entry, one.directory, encoding) : encoded(one.name, encoding),
      ),
    );
  }
  return scan(identity, path, encoding).then((entries) =>
    entries.map((entry) => (withFileTypes ? toDirent(entry, path, encoding) : encoded(entry.name, encoding))),
  );
}
