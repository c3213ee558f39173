import type { FsCallName, FsCalls, FsPath } from '../../types/native';
import { native } from '../internal/binding';
import { promiseOf } from '../internal/error';
import { isFsObserved, observeJob, observeSync } from '../diagnostics/fs';
import type { Identity } from '../flow/identity';
import { systemError, type Paths } from './error';
import { isWindows, toSystemPath } from './path';
import { requirePermission } from './permission';
import { isQueueLimited, watchCall } from './pool';

type Args<K extends FsCallName> = FsCalls[K]['args'];
type Result<K extends FsCallName> = FsCalls[K]['result'];

/** The number of leading arguments that are paths, if it is not one. */
const pathCounts: Partial<Record<FsCallName, 0 | 2>> = {
  ...{ close: 0, closedir: 0, fchmod: 0, fchown: 0, futime: 0, readdir: 0 },
  ...{ copyfile: 2, link: 2, rename: 2, symlink: 2 },
};

/** The system call that errors and diagnostics name, if it is not the call itself. */
const reportedNames: Partial<Record<FsCallName, string>> = { readfile: 'open', writefile: 'open' };

function pathsOf<K extends FsCallName>(call: K, args: Args<K>): Paths {
  const count = pathCounts[call] ?? 1;
  const [path, dest] = args as unknown as [FsPath, FsPath];
  return { path: count > 0 ? path : undefined, dest: count > 1 ? dest : undefined };
}

function toSystemArgs<K extends FsCallName>(call: K, args: Args<K>): Args<K> {
  if (!isWindows) return args;
  const count = pathCounts[call] ?? 1;
  // The text of a link is stored as given; it may be relative to the directory of the link. mkdtemp returns a path in
  // the form of its template.
  const first = call === 'symlink' || call === 'mkdtemp' ? 1 : 0;
  return args.map((arg, index) =>
    index >= first && index < count ? toSystemPath(arg as FsPath) : arg,
  ) as unknown as Args<K>;
}

/** Throws if node's permission model does not allow the call. */
function permit<K extends FsCallName>(call: K, args: Args<K>): void {
  const { path, dest } = pathsOf(call, args);
  requirePermission(call, [path, dest], args[1]);
}

function callError<K extends FsCallName>(call: K, args: Args<K>, error: number): Error {
  return systemError(error, reportedNames[call] ?? call, pathsOf(call, args));
}

/** The identity of a job, and the signal that abandons it. */
export interface JobIdentity extends Identity {
  readonly signal?: AbortSignal | undefined;
}

/** Returns the identity for jobs that an abort of the signal, if there is one, abandons. */
export const abortable = (identity: Identity, signal: AbortSignal | undefined): JobIdentity =>
  signal === undefined ? identity : { tokenRef: identity.tokenRef, signal };

/**
 * Runs one call of libuv on a user thread under the identity's token. Every access by path goes through this function,
 * `jobSync` or `callOnThread`. The promise rejects with node's error for the call, or with an ImpersonationError if the
 * thread could not switch to the token. If the signal of the identity is aborted, it rejects at once.
 */
export function startJob<K extends FsCallName>(
  identity: JobIdentity,
  call: K,
  ...args: Args<K>
): Promise<Result<K>> {
  if (!isFsObserved()) return start(identity, call, args);
  return observeJob(reportedNames[call] ?? call, identity, pathsOf(call, args), () =>
    start(identity, call, args),
  );
}

function start<K extends FsCallName>(identity: JobIdentity, call: K, args: Args<K>): Promise<Result<K>> {
  const given = toSystemArgs(call, args);
  const job = promiseOf(() => {
    permit(call, given);
    const { signal } = identity;
    const started = native.startFs<K>(identity.tokenRef.id, native.fsCalls[call], ...given);
    const isWatched = signal !== undefined || isQueueLimited();
    return isWatched ? watchCall(native.latestFs(), started, signal) : started;
  });
  // In a reaction of the promise V8 adds the async functions that wait for it to the stack of the error.
  return job.then((result) => {
    if (typeof result === 'number' && result < 0) throw callError(call, given, result);
    return result;
  });
}

/** Like `startJob`, but runs the call on this thread and returns its result. */
export function jobSync<K extends FsCallName>(identity: Identity, call: K, ...args: Args<K>): Result<K> {
  if (!isFsObserved()) return callSync(identity, call, args);
  return observeSync(call, identity, pathsOf(call, args), () => callSync(identity, call, args));
}

/** Runs the call on this thread under the identity that the thread has. It is not reported to diagnostics. */
export function callOnThread<K extends FsCallName>(call: K, ...args: Args<K>): Result<K> {
  const given = toSystemArgs(call, args);
  permit(call, given);
  const outcome = native.fsHere<K>(native.fsCalls[call], ...given);
  if (typeof outcome === 'number') throw callError(call, given, outcome);
  return outcome[0];
}

/** Like `jobSync`, but not reported to diagnostics. */
export function callSync<K extends FsCallName>(identity: Identity, call: K, args: Args<K>): Result<K> {
  const given = toSystemArgs(call, args);
  permit(call, given);
  const outcome = native.fsSync<K>(identity.tokenRef.id, native.fsCalls[call], ...given);
  if (typeof outcome === 'number') throw callError(call, given, outcome);
  return outcome[0];
}
