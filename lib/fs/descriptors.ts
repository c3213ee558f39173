import { isMainThread } from 'node:worker_threads';
import { native } from '../internal/binding';
import { systemError } from './error';
import { originals } from './node-fs';

type Done = (error?: NodeJS.ErrnoException | null) => void;

/** Descriptors that this Worker has opened as a user and that are the caller's to close. */
const opened = new Set<number>();

/**
 * To be called with a descriptor that the caller is to close. Node closes what a Worker has opened when the Worker ends;
 * of a descriptor that another opened for it Node does not know, and warns when it is closed. So this package closes it
 * then, and in `close` and `closeSync` until then.
 */
export function keepDescriptor(fd: number): number {
  if (!isMainThread) {
    native.keepDescriptor(fd);
    opened.add(fd);
  }
  return fd;
}

/** Whether it is a descriptor of `keepDescriptor`. */
export const isKept = (fd: unknown): boolean => opened.has(fd as number);

const errorOf = (error: number): Error => systemError(error, 'close', {});

/** fs.close(), also for a descriptor of `keepDescriptor`. */
export function close(fd: number, done?: Done): void {
  if (!opened.has(fd) || (done !== undefined && typeof done !== 'function')) {
    originals.close(fd, done);
    return;
  }
  opened.delete(fd);
  void native.closeDescriptor(fd).then((number) => {
    const error = number === 0 ? null : errorOf(number);
    if (done) process.nextTick(done, error);
    else if (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  });
}

/** fs.closeSync(), also for a descriptor of `keepDescriptor`. */
export function closeSync(fd: number): void {
  if (!opened.delete(fd)) {
    originals.closeSync(fd);
    return;
  }
  const error = native.closeDescriptorSync(fd);
  if (error !== 0) throw errorOf(error);
}
