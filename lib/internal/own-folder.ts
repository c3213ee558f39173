import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Node's own `require()`, for modules of node and for its cache. In a bundle the name `require` is the bundler's, or
 * missing.
 */
export const nodeRequire = createRequire(process.execPath);

/** Returns whether Node has loaded this module from its file. In a bundle its code is a part of another file. */
function isOwnFile(): boolean {
  if (typeof __filename !== 'string' || typeof module !== 'object') return false;
  return nodeRequire.cache[__filename] === module;
}

/**
 * The folder of this package's modules, with a separator at its end. Undefined in a bundle: there a path relative to
 * this module leads to a folder that is not this package's, and that others may be able to write to.
 */
export const ownFolder: string | undefined = isOwnFile() ? path.join(__dirname, path.sep) : undefined;

/** Returns whether the file is one of this package's modules. */
export const isOwn = (file: string): boolean => ownFolder !== undefined && file.startsWith(ownFolder);
