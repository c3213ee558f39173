import { originals } from './node-fs';
import { toSignal } from './parse';

function abortedError(signal: AbortSignal): Promise<never> {
  // Node's own error: it looks at the signal first, and has nothing to read.
  return originals.promises.readFile('', { signal }) as Promise<never>;
}

/** Starts the work unless the signal has been aborted, as node rejects then. The work looks at it later on. */
export function unlessAborted<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
  return signal !== undefined && toSignal(signal).aborted ? abortedError(signal) : start();
}

/** The same for work that does not look at it: its result is not waited for any longer. */
export function raced<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
  if (signal === undefined) return start();
  return unlessAborted(signal, () => {
    let onAbort = (): void => {};
    const aborting = new Promise<never>((resolve) => {
      onAbort = () => resolve(abortedError(signal));
    });
    signal.addEventListener('abort', onAbort, { once: true });
    return Promise.race([start(), aborting]).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
