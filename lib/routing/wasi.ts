import { hasIdentity } from '../flow/identity';
import { loadEarly, replaceClass } from './early-modules';
import { requireToken } from './gate';
import { type AnyFunction, guardMethod, notRoutedError } from './router';

interface Instance {
  readonly wasiImport: Readonly<Record<string, unknown>>;
}

function refuse(name: string, reason: string, folders: readonly unknown[]): void {
  if (hasIdentity()) throw notRoutedError(name, reason, 'wasi.');
  requireToken(`wasi.${name}`, folders);
}

/** System calls that the operating system decides by the caller's identity: all with a path, and one of a descriptor. */
const isDecidedByCaller = (name: string): boolean =>
  name.startsWith('path_') || name === 'fd_filestat_set_times';

/** Returns the folders of the process that the program may use. */
function foldersOf(options: unknown): string[] {
  const { preopens } = (options ?? {}) as { preopens?: unknown };
  return typeof preopens === 'object' && preopens !== null ? Object.values(preopens).map(String) : [];
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
    const folders = foldersOf(options);
    if (folders.length > 0) refuse('WASI', 'with preopens', folders);
    warn();
    const made = make();
    const { wasiImport } = made as Instance;
    for (const name of Object.keys(wasiImport).filter(isDecidedByCaller)) {
      guardMethod(wasiImport, name, () =>
        refuse(`WASI.${name}`, 'its folders belong to the process', folders),
      );
    }
    return made;
  });
}
