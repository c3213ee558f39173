import fs from 'node:fs';

type NodeFs = typeof fs;
type NodePromises = typeof fs.promises;

/** Returns a copy of an object's properties. Getters stay getters, because reading some of them prints a warning. */
function copyOf<T extends object>(source: T): T {
  return Object.create(null, Object.getOwnPropertyDescriptors(source)) as T;
}

/** Returns the descriptor of a property that is enumerable and read-only. */
const dataProperty = <T>(value: T): PropertyDescriptor & { value: T } => ({ value, enumerable: true });

/**
 * The functions of node:fs as they were when this package was loaded, without routing. They act as the process, so they
 * are used only for work of the package itself, on descriptors that are open already, and for node's argument errors.
 */
export const originals: NodeFs & { readonly promises: NodePromises } = Object.defineProperties(copyOf(fs), {
  promises: dataProperty(copyOf(fs.promises)),
  ReadStream: dataProperty(fs.ReadStream),
  WriteStream: dataProperty(fs.WriteStream),
});

/** Node's open(), and the function that routing has put in its place: any other is a tool's or the caller's. */
export const opens = new Set<unknown>([originals.open]);

type Later = (callback: (...args: never[]) => unknown, ...args: unknown[]) => void;

/** process.nextTick() as it was then: tests replace it by a clock of their own, on which node's functions do not depend. */
export const nextTick: Later = process.nextTick.bind(process);

/** setTimeout() as it was then. */
export const setTimer: typeof setTimeout = setTimeout;

/** Node's major version, for behavior that differs between versions. */
export const nodeMajor: number = Number.parseInt(process.versions.node, 10);
