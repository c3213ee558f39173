import path from 'node:path';
import { deferred } from '../../internal/deferred';
import { nodeRequire } from '../../internal/own-folder';

/** The packages that put off work of several flows. They are mended when they are loaded: see packages.ts. */
export const deferringPackages: readonly string[] = [
  'async',
  'async-lock',
  'bluebird',
  'fastq',
  'p-limit',
  'p-queue',
];

const known = new Set(deferringPackages);
/** The folder of a second version, such as `p-queue-6`, is named by whoever installs it. */
const numbered = /^(.+?)[-@_.]?v?\d[\d.]*$/;
const modules = `node_modules${path.sep}`;

/** The part of a path after the innermost `node_modules`, split into the folder of a package and the rest. */
function insidePackage(file: string): [folder: string, rest: string] | undefined {
  const start = file.lastIndexOf(modules);
  if (start < 0) return undefined;
  const names = file.slice(start + modules.length).split(path.sep);
  const count = names[0]?.startsWith('@') ? 2 : 1;
  return [names.slice(0, count).join('/'), names.slice(count).join('/')];
}

/** A module of a package that is named, or seems to be, like one of those that put off work. */
export interface KnownFile {
  /** The folder of the package, with a separator at its end. */
  readonly folder: string;
  /** The path of the module in it, with slashes. */
  readonly file: string;
}

/** Returns where a module is in its package; undefined if that does not seem to put off work. */
export function knownFile(file: string): KnownFile | undefined {
  const inside = insidePackage(file);
  if (!inside) return undefined;
  const [name, rest] = inside;
  if (!known.has(name) && !known.has(numbered.exec(name)?.[1] ?? '')) return undefined;
  return { folder: file.slice(0, file.length - rest.length), file: rest };
}

/** Mends a CommonJS module of a package that puts off work. */
export function mendModule(module: NodeJS.Module): void {
  const found = knownFile(module.filename);
  if (found) module.exports = deferred().mended(module.exports, found);
}

/** Mends the packages that were loaded before this one. What code has taken from them already may stay as it was. */
export function mendModulesBefore(): void {
  for (const module of Object.values(nodeRequire.cache)) if (module?.loaded) mendModule(module);
}
