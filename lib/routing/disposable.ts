import { enterSync } from '../scope/conflict';
import { currentIdentity } from '../flow/identity';
import { onUsersThread } from './guarded';
import { like, type AnyFunction, type Router } from './router';

/** For mkdtempDisposableSync(), whose result removes the folder later on: as the same user. */
export const disposable: Router = (name, original) => {
  const make = onUsersThread(name, original);
  return like(original, function (...args) {
    const identity = currentIdentity();
    if (!identity) return Reflect.apply(original, this, args);
    const asUser = (call: AnyFunction, ...given: unknown[]): unknown =>
      enterSync(identity.lease.id, call, ...given);
    const made = asUser(make, ...args) as Record<PropertyKey, AnyFunction>;
    for (const key of Reflect.ownKeys(made)) {
      const part: unknown = made[key];
      if (typeof part === 'function') made[key] = () => asUser(part as AnyFunction);
    }
    return made;
  });
};
