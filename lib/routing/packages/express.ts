import { hasIdentity } from '../../flow/identity';
import { replaceMethod } from '../router';
import type { Mend } from './packages';

/** Returns the options of a template engine, which does not keep the template if the user's identity is in effect. */
const withoutCache = (options: unknown): unknown =>
  hasIdentity() ? { ...(typeof options === 'object' ? options : {}), cache: false } : options;

/**
 * Express 4 and 5: a template that is rendered in a flow or scope is looked up and read as its user, and neither taken from
 * the view cache nor put there, since the cache has one template for all users.
 */
export const express: Mend = (exports, file) => {
  if (file === 'lib/application.js') {
    replaceMethod(exports, 'render', (original, receiver, [name, options, ...rest]) => {
      const given = typeof options === 'function' ? [{}, options] : [options, ...rest];
      return Reflect.apply(original, receiver, [name, withoutCache(given[0]), ...given.slice(1)]);
    });
  }
  // Applications that were made before have their own render().
  const { prototype } = exports as { prototype?: object };
  if (file !== 'lib/view.js' || !prototype) return;
  replaceMethod(prototype, 'render', (original, receiver, [options, ...rest]) =>
    Reflect.apply(original, receiver, [withoutCache(options), ...rest]),
  );
};
