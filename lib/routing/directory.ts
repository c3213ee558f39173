import { opendirSync } from '../fs/operations';
import { currentIdentity } from '../flow/identity';
import { like, type Router } from './router';

/** For opendirSync(), whose result reads the folder later on: as the same user. */
export const directory: Router = (_name, original) =>
  like(original, function (...args) {
    const identity = currentIdentity();
    return identity ? opendirSync(identity, args[0], args[1]) : Reflect.apply(original, this, args);
  });
