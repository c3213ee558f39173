import path from 'node:path';
import { beforeFirstToken, deferred } from '../../internal/deferred';
import { nodeRequire } from '../../internal/own-folder';
import { warnOfPackagesBefore } from '../loaded-before';

/** The packages that put off work of several flows, and those that keep files for all of them: see packages.ts. */
export const deferringPackages: readonly string[] = [
  'asap',
  'async',
  'async-lock',
  'bluebird',
  'bottleneck',
  'chokidar',
  'dataloader',
  'es6-promise',
  'express',
  'fastq',
  'file-stream-rotator',
  'generic-pool',
  'log4js',
  'mysql',
  'mysql2',
  'nodemailer',
  'p-limit',
  'p-queue',
  'pg',
  'pg-pool',
  'promise',
  'promise-queue',
  'q',
  'queue',
  'rotating-file-stream',
  'rsvp',
  'sonic-boom',
  'tarn',
  'undici',
  'when',
  'winston',
];

/** Those of them that have versions in ES modules. */
const inEsModules: readonly string[] = [
  'chokidar',
  'nodemailer',
  'p-limit',
  'p-queue',
  'queue',
  'rotating-file-stream',
];

const known = new Set(deferringPackages);
/** The folder of a second version, such as `p-queue-6`, is named by whoever installs it. */
const number = '[-@_.]?v?\\d[\\d.]*';
const numbered = new RegExp(`^(.+?)${number}$`);
/** Matches the URLs of ES modules of these packages. */
export const knownUrl = new RegExp(
  `^file:.*/node_modules/(?:${inEsModules.join('|')})(?:${number})?/(?!.*/node_modules/)`,
);
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
  /** What it is called if its package.json cannot be read. */
  readonly name: string;
  /** The path of the module in it, with slashes. */
  readonly file: string;
}

/** Returns where a module is in its package; undefined if that does not seem to put off work. */
export function knownFile(file: string): KnownFile | undefined {
  const inside = insidePackage(file);
  if (!inside) return undefined;
  const [name, rest] = inside;
  const plain = known.has(name) ? name : numbered.exec(name)?.[1];
  if (plain === undefined || !known.has(plain)) return undefined;
  return { folder: file.slice(0, file.length - rest.length), name: plain, file: rest };
}

/** Mends a module that require() has loaded. Returns whether its exports have been replaced. */
export function mendModule(module: NodeJS.Module): boolean {
  const found = knownFile(module.filename);
  if (!found) return false;
  const before: unknown = module.exports;
  const after = deferred().mendedExports(before, found);
  if (after === before) return false;
  module.exports = after;
  return true;
}

/** Mends the packages that were loaded before this one. Warns of those whose functions code may have taken. */
export function mendModulesBefore(): void {
  const replaced = Object.values(nodeRequire.cache).flatMap((module) => {
    const found = module?.loaded ? knownFile(module.filename) : undefined;
    return module && found && mendModule(module) ? [deferred().titleOf(found)] : [];
  });
  warnOfPackagesBefore(replaced);
}

/** Mends packages of ES modules once the thread has a token. */
export function mendImports(): void {
  beforeFirstToken(() => {
    deferred().followAllImports();
  });
}
