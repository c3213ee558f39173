import fs from 'node:fs';

type NodeFs = typeof fs;
type NodePromises = typeof fs.promises;

/** An object of its own with what `source` has now; getters stay getters, as reading some prints a warning. */
function copyOf<T extends object>(source: T): T {
  return Object.create(null, Object.getOwnPropertyDescriptors(source)) as T;
}

const value = <T>(of: T): PropertyDescriptor & { value: T } => ({ value: of, enumerable: true });

/**
 * node:fs as it was when this package was loaded, whatever has been put into its place since. Its functions act as
 * the process: they are for what has no path, and for `refusal`.
 */
export const originals: NodeFs & { readonly promises: NodePromises } = Object.defineProperties(copyOf(fs), {
  promises: value(copyOf(fs.promises)),
  ReadStream: value(fs.ReadStream),
  WriteStream: value(fs.WriteStream),
});

/** What node's version has changed for good, by the major version that did. */
export const nodeMajor: number = Number.parseInt(process.versions.node, 10);
