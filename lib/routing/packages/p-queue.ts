import { bindArguments } from './bind';
import type { Mend } from './packages';

/** p-queue: runs what was added when other work is done, at an interval, or in start(). */
export const pQueue: Mend = (exports) => {
  const { default: PQueue = exports } = exports as { default?: unknown };
  const { prototype } = PQueue as { prototype?: object };
  // addAll() calls it.
  if (prototype && 'add' in prototype) bindArguments(prototype, ['add']);
};
