import { addAbortListener } from 'node:events';

/** How many threads an environment has waiting for the security authority at a time; further calls queue up. */
const most = 32;
let running = 0;
const waiting: (() => void)[] = [];

function next(): void {
  running -= 1;
  waiting.shift()?.();
}

/**
 * Calls `start`, which occupies a thread of its own until its promise is settled, as soon as there are not too many.
 * Once `signal` is aborted the promise rejects with its reason: a call that has not begun never does, and what one
 * under way brings is given to `discard`.
 */
export function onOwnThread<T>(
  start: () => Promise<T>,
  signal?: AbortSignal,
  discard?: (result: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    // Whatever the call or the signal gives as its reason is passed on as it is.
    const fail: (reason: unknown) => void = reject;
    signal?.throwIfAborted();
    let over = false;
    const begin = (): void => {
      running += 1;
      // Whatever start() throws is a rejection too; it is called at once.
      new Promise<T>((done) => {
        done(start());
      })
        .finally(next)
        .then(
          (result) => {
            listening?.[Symbol.dispose]();
            if (over) discard?.(result);
            else resolve(result);
          },
          (error: unknown) => {
            listening?.[Symbol.dispose]();
            fail(error);
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
  });
}
