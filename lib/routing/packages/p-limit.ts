import type { AnyFunction } from '../router';
import { boundToCaller, replaced } from './bind';
import type { Mend } from './packages';

/** p-limit before 5, which binds what it is given itself. */
export const pLimit: Mend = (exports, file, version) => {
  if (file !== 'index.js' || typeof exports !== 'function' || Number.parseInt(version, 10) >= 5) return;
  return replaced(exports as AnyFunction, (original, receiver, args) => {
    const limit: unknown = Reflect.apply(original, receiver, args);
    // A promise that is rejected, from p-limit 2.
    if (typeof limit !== 'function') return limit;
    return replaced(limit as AnyFunction, (run, self, [work, ...rest]) =>
      Reflect.apply(run, self, [boundToCaller(work), ...rest]),
    );
  });
};
