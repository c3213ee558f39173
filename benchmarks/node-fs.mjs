// To be loaded before the package, which puts routed functions into the place of node's.
import fs from 'node:fs';

const functions = Object.entries(Object.getOwnPropertyDescriptors(fs)).flatMap(([name, { value }]) =>
  typeof value === 'function' ? [[name, value]] : [],
);
const { ReadStream, WriteStream } = fs;

/** Node's own functions. */
export const nodeFs = { ...Object.fromEntries(functions), promises: { ...fs.promises } };

/** Gives node:fs its own functions back, but for those of its promises. */
export function unroute() {
  Object.assign(fs, Object.fromEntries(functions), { ReadStream, WriteStream });
}
