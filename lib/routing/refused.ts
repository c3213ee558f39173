import { currentIdentity } from '../flow/identity';
import { like, notRouted, type Router } from './router';

/** For what node does later on, or on threads of its own, where nobody can be put: ERR_FS_NOT_ROUTED. */
export const refused: Router = (name, original) =>
  like(original, function (...args) {
    if (currentIdentity()) throw notRouted(name);
    return Reflect.apply(original, this, args);
  });

/** The same for a class. */
export const refusedClass: Router = (name, original) =>
  new Proxy(original, {
    apply(target, receiver: unknown, args) {
      if (currentIdentity()) throw notRouted(name);
      return Reflect.apply(target, receiver, args);
    },
    construct(target, args, newTarget) {
      if (currentIdentity()) throw notRouted(name);
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
