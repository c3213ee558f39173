import type { BigIntStats, BigIntStatsFs, Stats, StatsFs } from 'node:fs';
import type { Identity } from '../flow/identity';
import { raced } from './abort';
import { unless } from './error';
import { invalid } from './invalid';
import { startJob } from './job';
import { nodeMajor } from './node-fs';
import { toSignal } from './parse';
import { toPath } from './path';
import { toStatFs, toStats } from './stats';

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
