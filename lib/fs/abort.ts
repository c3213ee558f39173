import { originals } from './node-fs';
import { toSignal } from './parse';

/** Rejects with node's own AbortError, which readFile makes before it looks at the path. */
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

/**
 * Returns the result of `start()`, for work that does not watch the signal itself. On an abort the promise rejects at
 * once; the work is not stopped, and its result is discarded.
 */
export function rejectOnAbort<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
  if (signal === undefined) return start();
  return unlessAborted(signal, () => {
    let onAbort = (): void => {};
    const aborting = new Promise<never>((resolve) => {
      onAbort = () => resolve(rejectAborted(signal));
    });
    signal.addEventListener('abort', onAbort, { once: true });
    return Promise.race([start(), aborting]).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
