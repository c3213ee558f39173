import { originals } from './node-fs';
import { toSignal } from './parse';

/** Returns a promise that rejects with node's own AbortError, which readFile makes before it looks at the path. */
export function rejectAborted(signal: AbortSignal): Promise<never> {
  return originals.promises.readFile('', { signal }) as Promise<never>;
}

/**
 * Returns the result of `start()`. If the signal is already aborted, `start` is not called and the promise rejects with
 * node's AbortError. A later abort is the work's to notice.
 */
export function unlessAborted<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
  return signal !== undefined && toSignal(signal).aborted ? rejectAborted(signal) : start();
}
