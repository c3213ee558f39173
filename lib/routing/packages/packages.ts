import { types } from 'node:util';
import { originals } from '../../fs/node-fs';
import { asap, promiseLibrary } from './asap';
import { async } from './async';
import { bluebird } from './bluebird';
import { bottleneck } from './bottleneck';
import { chokidar } from './chokidar';
import { dataloader } from './dataloader';
import { express } from './express';
import { fastq } from './fastq';
import type { KnownFile } from './known';
import { fileStreamRotator, log4js, rotatingFileStream, sonicBoom, winston } from './loggers';
import { asyncLock, mysql, pQueue, promiseQueue, queue } from './methods';
import { nodemailer } from './nodemailer';
import { pLimit } from './p-limit';
import { genericPool, pg, pgPool, tarn } from './pools';
import { undici } from './undici';

/**
 * Makes the exports of a module of a package run each piece of work in the flow of the code that handed it in. Changes
 * them in place where it can, so that it works for code that has them already. Returns what replaces them, if they are a
 * function that makes what takes work.
 */
export type Mend = (exports: object, file: string, version: string) => unknown;

const mends = new Map<string, Mend>([
  ['asap', asap],
  ['async', async],
  ['async-lock', asyncLock],
  ['bluebird', bluebird],
  ['bottleneck', bottleneck],
  ['chokidar', chokidar],
  ['dataloader', dataloader],
  ['es6-promise', promiseLibrary],
  ['express', express],
  ['fastq', fastq],
  ['file-stream-rotator', fileStreamRotator],
  ['generic-pool', genericPool],
  ['log4js', log4js],
  ['mysql', mysql],
  ['mysql2', mysql],
  ['nodemailer', nodemailer],
  ['p-limit', pLimit],
  ['p-queue', pQueue],
  ['pg', pg],
  ['pg-pool', pgPool],
  ['promise', promiseLibrary],
  ['promise-queue', promiseQueue],
  ['q', promiseLibrary],
  ['queue', queue],
  ['rotating-file-stream', rotatingFileStream],
  ['rsvp', promiseLibrary],
  ['sonic-boom', sonicBoom],
  ['tarn', tarn],
  ['undici', undici],
  ['when', promiseLibrary],
  ['winston', winston],
]);

interface Manifest {
  readonly name: string;
  readonly version: string;
}

const manifests = new Map<string, Manifest>();

function manifestOf({ folder, name }: KnownFile): Manifest {
  let manifest = manifests.get(folder);
  if (!manifest) {
    const file = `${folder}package.json`;
    try {
      manifest = { name, version: '', ...(JSON.parse(originals.readFileSync(file, 'utf8')) as object) };
    } catch {
      return { name, version: '' };
    }
    manifests.set(folder, manifest);
  }
  return manifest;
}

/** Returns a package as messages name it. */
export function titleOf(file: KnownFile): string {
  const { name, version } = manifestOf(file);
  return version ? `${name} ${version}` : name;
}

/** The exports that were mended, with what replaces them. */
const done = new WeakMap<object, unknown>();

const isObject = (value: unknown): value is object =>
  typeof value === 'function' || (typeof value === 'object' && value !== null);

function mended(exports: unknown, file: KnownFile): unknown {
  if (!isObject(exports)) return exports;
  if (done.has(exports)) return done.get(exports);
  const { name, version } = manifestOf(file);
  const result = mends.get(name)?.(exports, file.file, version) ?? exports;
  done.set(exports, result);
  if (isObject(result)) done.set(result, result);
  return result;
}

/** Mends an ES module. Returns the exports that are to be replaced. */
export function mendNamespace(namespace: object, file: KnownFile): Readonly<Record<string, unknown>> {
  const replacements: Record<string, unknown> = {};
  // The properties of a namespace cannot be changed from outside.
  const exports = new Proxy(namespace, {
    set(_target, name, value) {
      replacements[String(name)] = value;
      return true;
    },
  }) as { default?: unknown };
  const { default: main } = exports;
  const result = mended(typeof main === 'function' ? main : exports, file);
  if (typeof main === 'function' && result !== main) exports.default = result;
  return replacements;
}

/** Returns the exports of a CommonJS module, or of an ES module that require() has loaded, mended. */
export function mendedExports(exports: unknown, file: KnownFile): unknown {
  if (!types.isModuleNamespaceObject(exports)) return mended(exports, file);
  const replacements = mendNamespace(exports as object, file);
  return Object.keys(replacements).length > 0 ? { ...(exports as object), ...replacements } : exports;
}
