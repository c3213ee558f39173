import type { BigIntStats, BigIntStatsFs, Stats, StatsFs } from 'node:fs';
import type { Identity } from '../flow/identity';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { unlessAborted } from './abort';
import { fallback } from './error';
import { abortable, startJob } from './job';
import { nodeMajor, originals } from './node-fs';
import { invalid, toSignal } from './parse';
import { toPath } from './path';
import { fileToStat } from './permission';

type Numbers = Float64Array | BigInt64Array;
type Maker<T> = (numbers: Numbers) => T;
type Class = new (...fields: unknown[]) => unknown;

/**
 * Returns the error for a version of node whose internal class has an unsupported form. The call throws instead of
 * returning a wrong result.
 */
export function unsupportedNodeError(className: string): ImpersonationError {
  return new ImpersonationError(
    `The class ${className} of this version of Node.js is not supported: use a version that this package supports`,
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}

/** Returns node's class, taken from an object for a file that everyone may stat. */
function classOf(sample: (file: string) => object): Class {
  return native.runAtBaseline(() => sample(fileToStat)).constructor as Class;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const identityFields = 10;
const times = [10, 12, 14, 16];

const makeStats = once((): Maker<Stats> => {
  const Stats = classOf((file) => originals.statSync(file));
  if (Stats.length !== 14 && Stats.length !== 18) throw unsupportedNodeError('Stats');
  const ms = (n: Numbers, at: number): number => Number(n[at]) * 1000 + Number(n[at + 1]) / 1_000_000;
  // Spread arguments would take as long as all the rest of a call.
  if (Stats.length === 18) {
    // prettier-ignore
    return (n) => new Stats(
      n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9],
      n[10], n[11], n[12], n[13], n[14], n[15], n[16], n[17],
    ) as Stats;
  }
  // prettier-ignore
  return (n) => new Stats(
    n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9],
    ms(n, 10), ms(n, 12), ms(n, 14), ms(n, 16),
  ) as Stats;
});

const makeBigIntStats = once((): Maker<BigIntStats> => {
  const BigIntStats = classOf((file) => originals.statSync(file, { bigint: true }));
  if (BigIntStats.length !== 14) throw unsupportedNodeError('BigIntStats');
  return (numbers) => {
    const fields = numbers as BigInt64Array;
    const nanoseconds = times.map(
      (at) => (fields[at] as bigint) * 1_000_000_000n + (fields[at + 1] as bigint),
    );
    return new BigIntStats(...fields.subarray(0, identityFields), ...nanoseconds) as BigIntStats;
  };
});

const makeStatFs = once((): Maker<StatsFs | BigIntStatsFs> => {
  const StatFs = classOf((file) => originals.statfsSync(file));
  if (StatFs.length !== 7 && StatFs.length !== 8) throw unsupportedNodeError('StatFs');
  const hasFragmentSize = StatFs.length === 8;
  return ([type, bsize, blocks, bfree, bavail, files, ffree, frsize]) => {
    const rest = [blocks, bfree, bavail, files, ffree];
    const fields = hasFragmentSize ? [type, bsize, frsize, ...rest] : [type, bsize, ...rest];
    return new StatFs(...fields) as StatsFs | BigIntStatsFs;
  };
});

/** Returns node's Stats for numbers of libuv, or BigIntStats for bigint numbers. */
export function toStats(numbers: Numbers): Stats | BigIntStats {
  // No instanceof: the arrays may be of another context, as in a test of Jest.
  return typeof numbers[0] === 'number' ? makeStats()(numbers) : makeBigIntStats()(numbers);
}

/** Returns node's StatFs for numbers of libuv. */
export function toStatFs(numbers: Numbers): StatsFs | BigIntStatsFs {
  return makeStatFs()(numbers);
}

interface StatOptions {
  readonly bigint: boolean;
  readonly throwIfNoEntry: boolean;
  readonly signal?: AbortSignal | undefined;
}

function toStatOptions(given: unknown, strict: boolean): StatOptions {
  if (given === null) return invalid();
  if (strict && given !== undefined && (typeof given !== 'object' || Array.isArray(given))) return invalid();
  const { bigint, throwIfNoEntry, signal } = (given ?? {}) as Record<string, unknown>;
  return {
    bigint: bigint === true,
    throwIfNoEntry: throwIfNoEntry !== false,
    signal: strict && signal !== undefined ? toSignal(signal) : undefined,
  };
}

type AnyStats = Stats | BigIntStats;

/** Returns the stats of a path as the identity sees it, like fs.promises.stat(). */
export function stat(identity: Identity, given: unknown, options: unknown): Promise<AnyStats | undefined> {
  const { bigint, signal, throwIfNoEntry } = toStatOptions(options, nodeMajor >= 26);
  const path = toPath(given);
  const found = unlessAborted(signal, () => startJob(abortable(identity, signal), 'stat', path, bigint)).then(
    toStats,
  );
  return throwIfNoEntry || nodeMajor < 24 ? found : found.catch(fallback(undefined, 'ENOENT', 'ENOTDIR'));
}

/** Returns the stats of a path without following a link at its end, like fs.promises.lstat(). */
export function lstat(identity: Identity, given: unknown, options: unknown): Promise<AnyStats> {
  const { bigint, signal } = toStatOptions(options, nodeMajor >= 26);
  const path = toPath(given);
  return unlessAborted(signal, () => startJob(abortable(identity, signal), 'lstat', path, bigint)).then(
    toStats,
  );
}

/** Returns the stats of the file system of a path, like fs.promises.statfs(). */
export function statfs(
  identity: Identity,
  path: unknown,
  options: unknown,
): Promise<StatsFs | BigIntStatsFs> {
  const { bigint } = toStatOptions(options, false);
  return startJob(identity, 'statfs', toPath(path), bigint).then(toStatFs);
}
