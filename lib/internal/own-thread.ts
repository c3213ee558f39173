import { addAbortListener } from 'node:events';
import { withCallers } from './error';

/** How many threads of an environment wait for the security authority at a time. Further calls are queued. */
const most = 32;
let running = 0;
const waiting: (() => void)[] = [];

function next(): void {
  running -= 1;
  waiting.shift()?.();
}

/**
 * Calls `start`, which occupies a thread until its promise settles, as soon as a thread is free. If `signal` is aborted
 * the promise rejects with its reason: a queued call is not started, and the result of a started one goes to `discard`.
 */
export function onOwnThread<T>(
  start: () => Promise<T>,
  signal?: AbortSignal,
  discard?: (result: T) => void,
): Promise<T> {
  return new Promise<() => T>((resolve, reject) => {
    // The reason of the signal is passed on unchanged.
    const fail: (reason: unknown) => void = reject;
    signal?.throwIfAborted();
    let over = false;
    const begin = (): void => {
      running += 1;
      // An exception of start() becomes a rejection; it is called synchronously.
      new Promise<T>((done) => {
        done(start());
      })
        .finally(next)
        .then(
          (result) => {
            listening?.[Symbol.dispose]();
            if (over) discard?.(result);
            else resolve(() => result);
          },
          (error: unknown) => {
            listening?.[Symbol.dispose]();
            resolve(() => {
              throw withCallers(error);
            });
          },
        );
    };
    const listening =
      signal &&
      addAbortListener(signal, () => {
        over = true;
        const place = waiting.indexOf(begin);
        if (place >= 0) waiting.splice(place, 1);
        fail(signal.reason);
      });
    if (running < most) begin();
    else waiting.push(begin);
  }).then((finish) => finish());
}
