import { AsyncResource } from 'node:async_hooks';
import fs from 'node:fs';

/** A call that failed for want of a free descriptor, its arguments, and when it was made. */
type Waiting = [call: (...args: unknown[]) => unknown, ...rest: unknown[]];

const key = Symbol.for('graceful-fs.queue');

/**
 * Makes the retries of graceful-fs run in the flow of the original call. graceful-fs repeats a call that found no free
 * descriptor after another one has been closed, which may happen in another user's flow. All copies of graceful-fs in
 * the process share one queue, which may exist before graceful-fs is loaded through this package.
 */
export function bindGracefulQueue(): void {
  const owners = [fs, globalThis] as unknown as Record<symbol, Waiting[] | undefined>[];
  const queue = owners.map((owner) => owner[key]).find((known) => known !== undefined) ?? [];
  const bound = new WeakSet<Waiting>();
  Object.defineProperty(queue, 'push', {
    value(this: Waiting[], ...entries: Waiting[]): number {
      for (const entry of entries) {
        if (!bound.has(entry)) entry[0] = AsyncResource.bind(entry[0]);
        bound.add(entry);
      }
      return Array.prototype.push.apply(this, entries);
    },
    configurable: true,
    writable: true,
  });
  if (!(key in globalThis)) Object.defineProperty(globalThis, key, { value: queue });
}
