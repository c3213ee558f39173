import { isMainThread } from 'node:worker_threads';
import type { Identity } from '../identity';
import { noteClosed } from '../open-handles';
import { startJob } from './job';
import { toFlags, toMode } from './parse';
import { toPath } from './path';

/** Of this thread, if it is a worker: node lists what its own functions open there, and warns of closing others. */
const notListed = new Set<number>();

/** Notes that node has not opened the descriptor, and returns it. */
export function unlisted(fd: number): number {
  if (!isMainThread) notListed.add(fd);
  return fd;
}

/** Opens as the identity, without a FileHandle: the caller's descriptor. */
export function openDescriptor(
  identity: Identity,
  path: unknown,
  flags: unknown,
  mode: unknown,
): Promise<number> {
  const opening = startJob(identity, 'open', toPath(path), toFlags(flags), toMode(mode, 0o666));
  return isMainThread ? opening : opening.then(unlisted);
}

/** Calls `close`, which has node close the descriptor; node does not warn of one that it has not opened itself. */
export function closeDescriptor<R>(fd: number, close: () => R): R {
  noteClosed(fd);
  if (!notListed.delete(fd)) return close();
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return close();
  } finally {
    process.emitWarning = emitWarning;
  }
}
