import { currentIdentity } from '../identity';
import { like, notRouted, type Router } from './router';

/** For opendirSync(), whose result reads the folder later on. */
export const directory: Router = (name, original) =>
  like(original, function (...args) {
    if (currentIdentity()) throw notRouted(name);
    return Reflect.apply(original, this, args);
  });
