import type { BigIntStats, BigIntStatsFs, Stats, StatsFs } from 'node:fs';
import { parse } from 'node:path';
import type { Identity } from '../flow/identity';
import { native } from '../internal/binding';
import { ImpersonationError } from '../internal/error';
import { raced } from './abort';
import { unless } from './error';
import { startJob } from './job';
import { nodeMajor, originals } from './node-fs';
import { invalid, toSignal } from './parse';
import { toPath } from './path';

type Numbers = Float64Array | BigInt64Array;
type Maker<T> = (numbers: Numbers) => T;
type Class = new (...fields: unknown[]) => unknown;

/** That node's own classes have an unknown form: nothing is done rather than something else returned. */
export function unknownForm(what: string): ImpersonationError {
  return new ImpersonationError(
    `This version of node makes ${what} in a way that is not known yet`,
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}

/** Node's class for it, learned from one object: of the root folder, which anyone may look at. */
function classOf(sample: (root: string) => object): Class {
  const root = parse(process.execPath).root;
  return native.runAtBaseline(() => sample(root)).constructor as Class;
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const identityFields = 10;
const times = [10, 12, 14, 16];

const makeStats = once((): Maker<Stats> => {
  const Stats = classOf((root) => originals.statSync(root));
  const milliseconds = (fields: Float64Array): number[] =>
    times.map((at) => (fields[at] as number) * 1000 + (fields[at + 1] as number) / 1_000_000);
  if (Stats.length !== 14 && Stats.length !== 18) throw unknownForm('Stats');
  const takesSeconds = Stats.length === 18;
  return (numbers) => {
    const fields = numbers as Float64Array;
    const given = takesSeconds ? fields.subarray(identityFields, 18) : milliseconds(fields);
    return new Stats(...fields.subarray(0, identityFields), ...given) as Stats;
  };
});

const makeBigIntStats = once((): Maker<BigIntStats> => {
  const BigIntStats = classOf((root) => originals.statSync(root, { bigint: true }));
  if (BigIntStats.length !== 14) throw unknownForm('BigIntStats');
  return (numbers) => {
    const fields = numbers as BigInt64Array;
    const nanoseconds = times.map(
      (at) => (fields[at] as bigint) * 1_000_000_000n + (fields[at + 1] as bigint),
    );
    return new BigIntStats(...fields.subarray(0, identityFields), ...nanoseconds) as BigIntStats;
  };
});

const makeStatFs = once((): Maker<StatsFs | BigIntStatsFs> => {
  const StatFs = classOf((root) => originals.statfsSync(root));
  if (StatFs.length !== 7 && StatFs.length !== 8) throw unknownForm('StatFs');
  const hasFragmentSize = StatFs.length === 8;
  return ([type, bsize, blocks, bfree, bavail, files, ffree, frsize]) => {
    const rest = [blocks, bfree, bavail, files, ffree];
    const fields = hasFragmentSize ? [type, bsize, frsize, ...rest] : [type, bsize, ...rest];
    return new StatFs(...fields) as StatsFs | BigIntStatsFs;
  };
});

/** Node's Stats, or BigIntStats for whole numbers, of what libuv found. */
export function toStats(numbers: Numbers): Stats | BigIntStats {
  return numbers instanceof Float64Array ? makeStats()(numbers) : makeBigIntStats()(numbers);
}

/** Node's StatFs. */
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

export function stat(identity: Identity, given: unknown, options: unknown): Promise<AnyStats | undefined> {
  const { bigint, signal, throwIfNoEntry } = toStatOptions(options, nodeMajor >= 26);
  const path = toPath(given);
  const found = raced(signal, () => startJob(identity, 'stat', path, bigint)).then(toStats);
  return throwIfNoEntry || nodeMajor < 24 ? found : found.catch(unless(undefined, 'ENOENT', 'ENOTDIR'));
}

export function lstat(identity: Identity, given: unknown, options: unknown): Promise<AnyStats> {
  const { bigint, signal } = toStatOptions(options, nodeMajor >= 26);
  const path = toPath(given);
  return raced(signal, () => startJob(identity, 'lstat', path, bigint)).then(toStats);
}

export function statfs(
  identity: Identity,
  path: unknown,
  options: unknown,
): Promise<StatsFs | BigIntStatsFs> {
  const { bigint } = toStatOptions(options, false);
  return startJob(identity, 'statfs', toPath(path), bigint).then(toStatFs);
}
