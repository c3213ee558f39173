import type { FsCallName, FsCalls, FsPath } from '../../types/native';
import { native } from '../internal/binding';
import { isFsObserved, observeJob, observeSync } from '../diagnostics/fs';
import type { Identity } from '../flow/identity';
import { systemError, type Paths } from './error';
import { forSystem } from './path';

type Args<K extends FsCallName> = FsCalls[K]['args'];
type Result<K extends FsCallName> = FsCalls[K]['result'];

/** How many of the first arguments are paths, where it is not one. */
const pathCounts: Partial<Record<FsCallName, 0 | 2>> = {
  ...{ close: 0, closedir: 0, fchmod: 0, fchown: 0, futime: 0, readdir: 0 },
  ...{ copyfile: 2, link: 2, rename: 2, symlink: 2 },
};

/** As what it is told, and fails, where that is another call. */
const shownAs: Partial<Record<FsCallName, string>> = { readfile: 'open' };

function pathsOf<K extends FsCallName>(call: K, args: Args<K>): Paths {
  const count = pathCounts[call] ?? 1;
  const [path, dest] = args as unknown as [FsPath, FsPath];
  return { path: count > 0 ? path : undefined, dest: count > 1 ? dest : undefined };
}

function prepared<K extends FsCallName>(call: K, args: Args<K>): Args<K> {
  const count = pathCounts[call] ?? 1;
  // What a link says is its maker's; it may be relative to where the link is. mkdtemp answers as it was asked.
  const first = call === 'symlink' || call === 'mkdtemp' ? 1 : 0;
  return args.map((arg, index) =>
    index >= first && index < count ? forSystem(arg as FsPath) : arg,
  ) as unknown as Args<K>;
}

function failure<K extends FsCallName>(call: K, args: Args<K>, error: number | Error): Error {
  if (typeof error !== 'number') return error;
  return systemError(error, shownAs[call] ?? call, pathsOf(call, args));
}

/**
 * One of libuv's calls on a pool thread as the identity. Every path that this package looks at goes through here or
 * through `jobSync`. Rejects with node's error for the call, or with an ImpersonationError if the thread could not
 * act as the user.
 */
export function startJob<K extends FsCallName>(
  identity: Identity,
  call: K,
  ...args: Args<K>
): Promise<Result<K>> {
  if (!isFsObserved()) return start(identity, call, args);
  return observeJob(shownAs[call] ?? call, identity, pathsOf(call, args), () => start(identity, call, args));
}

function start<K extends FsCallName>(identity: Identity, call: K, args: Args<K>): Promise<Result<K>> {
  return new Promise((resolve, reject) => {
    const given = prepared(call, args);
    native.startFs<K>(
      identity.tokenRef.id,
      native.fsCalls[call],
      (error, result) => (error === 0 ? resolve(result) : reject(failure(call, given, error))),
      ...given,
    );
  });
}

/** The same on this thread, before it returns. */
export function jobSync<K extends FsCallName>(identity: Identity, call: K, ...args: Args<K>): Result<K> {
  if (!isFsObserved()) return callSync(identity, call, args);
  return observeSync(call, identity, pathsOf(call, args), () => callSync(identity, call, args));
}

/** The same as whoever this thread is, without a report to diagnostics. */
export function jobHere<K extends FsCallName>(call: K, ...args: Args<K>): Result<K> {
  const given = prepared(call, args);
  const outcome = native.fsHere<K>(native.fsCalls[call], ...given);
  if (typeof outcome === 'number') throw failure(call, given, outcome);
  return outcome[0];
}

/** `jobSync` without a report to diagnostics. */
export function callSync<K extends FsCallName>(identity: Identity, call: K, args: Args<K>): Result<K> {
  const given = prepared(call, args);
  const outcome = native.fsSync<K>(identity.tokenRef.id, native.fsCalls[call], ...given);
  if (typeof outcome === 'number') throw failure(call, given, outcome);
  return outcome[0];
}
