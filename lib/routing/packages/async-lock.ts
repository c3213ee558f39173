import { bindArguments } from './bind';
import type { Mend } from './packages';

/** async-lock 1: runs what waits for a key when the work before it is done. */
export const asyncLock: Mend = (exports) => {
  const { prototype } = exports as { prototype?: object };
  if (prototype) bindArguments(prototype, ['acquire']);
};
