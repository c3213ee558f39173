// Must be loaded before the package, which replaces Node's functions by routed ones.
import fs from 'node:fs';

const functions = Object.entries(Object.getOwnPropertyDescriptors(fs)).flatMap(([name, { value }]) =>
  typeof value === 'function' ? [[name, value]] : [],
);
const { ReadStream, WriteStream } = fs;

/** Node's own functions of node:fs. */
export const nodeFs = { ...Object.fromEntries(functions), promises: { ...fs.promises } };

/** Restores Node's own functions of node:fs, except its promises. */
export function unroute() {
  Object.assign(fs, Object.fromEntries(functions), { ReadStream, WriteStream });
}
