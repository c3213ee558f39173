import { isMainThread } from 'node:worker_threads';
import { native } from '../internal/binding';
import { systemError } from './error';
import { nextTick, originals } from './node-fs';

type Done = (error?: NodeJS.ErrnoException | null) => void;

/** Open descriptors that this Worker opened as a user and handed to the caller. */
const opened = new Set<number>();

/**
 * Tracks a descriptor that is handed to the caller, and returns it. Node closes the descriptors that a Worker has
 * opened when the Worker ends. It does not know those that this package opened, and warns when they are closed through
 * node:fs. The addon therefore closes a tracked descriptor when the Worker ends, and `close` and `closeSync` close it
 * before that.
 */
export function trackDescriptor(fd: number): number {
  if (!isMainThread) {
    native.keepDescriptor(fd);
    opened.add(fd);
  }
  return fd;
}

/** Whether the descriptor is tracked by `trackDescriptor`. */
export const isTracked = (fd: unknown): boolean => opened.has(fd as number);

const errorOf = (error: number): Error => systemError(error, 'close', {});

/** fs.close() that also closes tracked descriptors. */
export function close(fd: number, done?: Done): void {
  if (!opened.has(fd) || (done !== undefined && typeof done !== 'function')) {
    originals.close(fd, done);
    return;
  }
  opened.delete(fd);
  void native.closeDescriptor(fd).then((number) => {
    const error = number === 0 ? null : errorOf(number);
    if (done) nextTick(done, error);
    else if (error) {
      nextTick(() => {
        throw error;
      });
    }
  });
}

/** fs.closeSync() that also closes tracked descriptors. */
export function closeSync(fd: number): void {
  if (!opened.delete(fd)) {
    originals.closeSync(fd);
    return;
  }
  const error = native.closeDescriptorSync(fd);
  if (error !== 0) throw errorOf(error);
}
