import { currentIdentity } from '../flow/identity';
import { like, notRouted, type Router } from './router';
import { sync } from './sync';

/**
 * For fs.watch(), which opens what it watches before it returns. A recursive watch goes on into folders as the
 * process, or tells of some that the user may not list.
 */
export const watch: Router = (name, original) => {
  const routed = sync(name, original);
  return like(original, function (...args) {
    const options = args[1] as { recursive?: unknown } | null | undefined;
    if (typeof options === 'object' && options?.recursive && currentIdentity()) {
      throw notRouted(name, 'only without { recursive: true }');
    }
    return Reflect.apply(routed, this, args);
  });
};
