import { originals } from '../../fs/node-fs';
import type { KnownFile } from './known';
import { async } from './async';
import { asyncLock } from './async-lock';
import { bluebird } from './bluebird';
import { fastq } from './fastq';
import { pLimit } from './p-limit';
import { pQueue } from './p-queue';

/**
 * Makes the exports of a module of a package run each piece of work in the flow of the code that handed it in. Changes
 * them in place where it can, so that it works for code that has them already. Returns what replaces them, if they are a
 * function that does not take work by a method.
 */
export type Mend = (exports: object, file: string, version: string) => unknown;

const mends = new Map<string, Mend>([
  ['async', async],
  ['async-lock', asyncLock],
  ['bluebird', bluebird],
  ['fastq', fastq],
  ['p-limit', pLimit],
  ['p-queue', pQueue],
]);

interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

const manifests = new Map<string, Manifest>();

function manifestOf(folder: string): Manifest {
  let manifest = manifests.get(folder);
  if (!manifest) {
    try {
      manifest = JSON.parse(originals.readFileSync(`${folder}package.json`, 'utf8')) as Manifest;
    } catch {
      manifest = {};
    }
    manifests.set(folder, manifest);
  }
  return manifest;
}

/** The exports that were mended, with what replaces them. */
const done = new WeakMap<object, unknown>();

const isObject = (value: unknown): value is object =>
  typeof value === 'function' || (typeof value === 'object' && value !== null);

/** Returns the exports of a module, mended if its package is one that puts off work. */
export function mended(exports: unknown, { folder, file }: KnownFile): unknown {
  if (!isObject(exports)) return exports;
  if (done.has(exports)) return done.get(exports);
  const { name = '', version = '' } = manifestOf(folder);
  const mend = mends.get(name);
  if (!mend) return exports;
  const result = mend(exports, file, version) ?? exports;
  done.set(exports, result);
  if (isObject(result)) done.set(result, result);
  return result;
}
