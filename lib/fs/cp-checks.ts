import type { BigIntStats } from 'node:fs';
import { dirname, parse, resolve, sep } from 'node:path';
import type { Identity } from '../flow/identity';
import { copyError } from './cp-errors';
import type { CopyOptions } from './cp-options';
import { unless } from './error';
import { startJob } from './job';
import { toStats } from './stats';

interface Pair {
  readonly source: BigIntStats;
  /** Null where there is nothing yet. */
  readonly destination: BigIntStats | null;
}

const look = (identity: Identity, call: 'lstat' | 'stat', path: string): Promise<BigIntStats> =>
  startJob(identity, call, path, true).then((numbers) => toStats(numbers) as BigIntStats);

/** What is at the path, through a link or not; null if nothing is. */
export const lookFor = (
  identity: Identity,
  call: 'lstat' | 'stat',
  path: string,
): Promise<BigIntStats | null> => look(identity, call, path).catch(unless(null, 'ENOENT'));

const areSame = (one: BigIntStats, other: BigIntStats): boolean =>
  Boolean(other.ino && other.dev) && other.ino === one.ino && other.dev === one.dev;

const parts = (path: string): string[] => resolve(path).split(sep).filter(Boolean);

/** By the text of the paths alone. */
export function isInside(path: string, folder: string): boolean {
  const names = parts(path);
  return parts(folder).every((name, index) => names[index] === name);
}

const intoSelf = (source: string, destination: string): Error =>
  copyError('invalidPair', destination, `cannot copy ${source} to a subdirectory of self ${destination}`);

/** What both are, if the one may be copied to the other; undefined if the caller's filter says not to. */
export async function checkPair(
  identity: Identity,
  source: string,
  destination: string,
  { dereference, filter }: CopyOptions,
): Promise<Pair | undefined> {
  if (filter && !(await filter(source, destination))) return undefined;
  const call = dereference ? 'stat' : 'lstat';
  const [from, to] = await Promise.all([look(identity, call, source), lookFor(identity, call, destination)]);
  if (to) {
    if (areSame(from, to)) throw copyError('invalidPair', destination, 'src and dest cannot be the same');
    if (from.isDirectory() && !to.isDirectory()) {
      throw copyError(
        'intoFile',
        destination,
        `cannot overwrite non-directory ${destination} with directory ${source}`,
      );
    }
    if (!from.isDirectory() && to.isDirectory()) {
      throw copyError(
        'ontoFolder',
        destination,
        `cannot overwrite directory ${destination} with non-directory ${source}`,
      );
    }
  }
  if (from.isDirectory() && isInside(destination, source)) throw intoSelf(source, destination);
  return { source: from, destination: to };
}

/** No folder above the destination may be the source, under whatever name. */
export async function checkAbove(
  identity: Identity,
  source: string,
  from: BigIntStats,
  destination: string,
): Promise<void> {
  const above = resolve(dirname(destination));
  if (above === resolve(dirname(source)) || above === parse(above).root) return;
  const found = await lookFor(identity, 'stat', above);
  if (!found) return;
  if (areSame(from, found)) throw intoSelf(source, destination);
  await checkAbove(identity, source, from, above);
}
