import { promised } from '../fs/operations';
import { hasIdentity, requireIdentity, type Identity } from '../flow/identity';
import { like, notRouted, type Router } from './router';

type Operation = (identity: Identity, ...args: unknown[]) => Promise<unknown>;
const named: Readonly<Record<string, Operation | undefined>> = promised;

/** For a function that returns a promise: the work is started as the user before it returns. */
export const promise: Router = (name, original) =>
  like(original, function (...args) {
    if (!hasIdentity()) return Reflect.apply(original, this, args);
    return new Promise((resolve) => {
      const operation = named[name];
      if (!operation) throw notRouted(`promises.${name}`);
      resolve(operation(requireIdentity(), ...args));
    });
  });
