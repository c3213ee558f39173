import { hasIdentity } from '../flow/identity';
import { loadEarly, replaceClass } from './early-modules';
import { type AnyFunction, guardMethod, notRoutedError } from './router';

interface Instance {
  readonly wasiImport: Readonly<Record<string, unknown>>;
}

function refuse(name: string, reason: string): void {
  if (hasIdentity()) throw notRoutedError(name, reason, 'wasi.');
}

/** System calls that the operating system decides by the caller's identity: all with a path, and one of a descriptor. */
const isDecidedByCaller = (name: string): boolean =>
  name.startsWith('path_') || name === 'fd_filestat_set_times';

function hasFolders(options: unknown): boolean {
  const { preopens } = (options ?? {}) as { preopens?: unknown };
  return typeof preopens === 'object' && preopens !== null && Object.keys(preopens).length > 0;
}

/**
 * Makes node:wasi throw in flows and scopes when it would open files as the process: a WASI with folders cannot be made,
 * and one that was made outside cannot use paths. Programs without folders use open descriptors only.
 */
export function routeWasi(): void {
  const wasi = loadEarly('node:wasi');
  if (!wasi) return;
  const { exports, warn } = wasi;
  exports.WASI = replaceClass(exports.WASI as AnyFunction, ([options], make) => {
    if (hasFolders(options)) refuse('WASI', 'with preopens');
    warn();
    const made = make();
    const { wasiImport } = made as Instance;
    for (const name of Object.keys(wasiImport).filter(isDecidedByCaller)) {
      guardMethod(wasiImport, name, () => refuse(`WASI.${name}`, 'its folders belong to the process'));
    }
    return made;
  });
}
