import { AsyncResource } from 'node:async_hooks';
import fs from 'node:fs';

/** The call that found no free descriptor, its arguments, and when. */
type Waiting = [call: (...args: unknown[]) => unknown, ...rest: unknown[]];

const key = Symbol.for('graceful-fs.queue');

/**
 * graceful-fs calls again what found no free descriptor, from wherever one has been closed: which is another flow, and
 * would be somebody else. Its queue is one for the process, which may be there before it is: each entry goes back into
 * the flow that it came from.
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
