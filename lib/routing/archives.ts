import { AsyncResource } from 'node:async_hooks';
import path from 'node:path';
import { hasIdentity } from '../flow/identity';
import { originals } from '../fs/node-fs';
import { isPath, textOf, toPath } from '../fs/path';
import { asProcess } from '../internal/flow-store';
import { type AnyFunction, type Router, withPropertiesOf } from './router';

/** Members of `process` in Electron. */
interface Electron {
  readonly resourcesPath?: unknown;
  /** True makes Electron's node:fs treat archives as ordinary files. */
  noAsar?: boolean | undefined;
}
const electron = process as unknown as Electron;

/** Calls `call` while Electron's functions treat archives as ordinary files. */
function withoutArchives<R>(call: () => R): R {
  const { noAsar } = electron;
  electron.noAsar = true;
  try {
    return call();
  } finally {
    electron.noAsar = noAsar;
  }
}

/**
 * Returns a function that acts as the user on the path that it gets: Electron reads archives from a cache, and from
 * descriptors that the process or another user has opened.
 */
export function unarchived(original: AnyFunction): AnyFunction {
  if (!process.versions.electron) return original;
  return function (...args) {
    return withoutArchives(() => Reflect.apply(original, this, args));
  };
}

const archives = new Set<string>();

/** Whether this is a file and not a folder or a link of the same name, which would lead on to other files. */
function isArchive(file: string): boolean {
  if (archives.has(file)) return true;
  try {
    if (!withoutArchives(() => asProcess(() => originals.lstatSync(file))).isFile()) return false;
  } catch {
    return false;
  }
  archives.add(file);
  return true;
}

/**
 * Returns the absolute path, without `..`, of what Electron serves from one of the application's own archives: a file
 * `NAME.asar` that lies in the folder of the application's resources itself. Undefined for every other path.
 */
function archivedPath(value: unknown): string | undefined {
  const { noAsar, resourcesPath } = electron;
  if (noAsar || typeof resourcesPath !== 'string' || !isPath(value)) return undefined;
  const full = path.resolve(textOf(toPath(value)));
  const [name = ''] = path.relative(resourcesPath, full).split(path.sep);
  return name.endsWith('.asar') && isArchive(path.join(resourcesPath, name)) ? full : undefined;
}

type Check = (argument: unknown) => boolean;

const anything: Check = () => true;
const isFlag: Check = (flag) => flag == null || flag === 'r' || flag === 0 || typeof flag === 'function';
const isMode: Check = (mode) => mode == null || mode === 0 || mode === 4 || typeof mode === 'function';

/** The functions that Electron serves from archives and that only read, if their second argument passes the check. */
const readers: Readonly<Record<string, Check | undefined>> = {
  ...{ exists: anything, lstat: anything, readdir: anything, realpath: anything, stat: anything },
  access: isMode,
  open: isFlag,
  readFile: (options) => isFlag((options as { flag?: unknown } | null | undefined)?.flag),
};

function served(original: AnyFunction, routed: AnyFunction, isReading: Check): AnyFunction {
  return withPropertiesOf(routed, function (...args) {
    const archived = hasIdentity() && isReading(args[1]) ? archivedPath(args[0]) : undefined;
    if (archived === undefined) return Reflect.apply(routed, this, args);
    const rest = args.slice(1).map((arg) => {
      return typeof arg === 'function' ? AsyncResource.bind(arg as () => unknown) : arg;
    });
    return asProcess(() => Reflect.apply(original, this, [archived, ...rest]));
  });
}

/**
 * Routes a function of Electron's node:fs, which reads the application's own archives as if they were folders: it reads
 * them as the process. The user does not need access to the application. All other paths are the user's.
 */
export const exceptForArchives =
  (route: Router): Router =>
  (name, original, called) => {
    const routed = route(name, original, called);
    const isReading = readers[name.replace(/Sync$/, '')];
    if (!isReading || !process.versions.electron) return routed;
    type WithNative = AnyFunction & { native?: AnyFunction };
    const replacement: WithNative = served(original, routed, isReading);
    const [native, nativeRouted] = [(original as WithNative).native, (routed as WithNative).native];
    if (native && nativeRouted) replacement.native = served(native, nativeRouted, isReading);
    return replacement;
  };

/** Returns the path for a ReadStream of one of the application's archives; undefined for other paths and options. */
export function archivedStream(given: unknown, options: unknown): string | undefined {
  if (!process.versions.electron) return undefined;
  const { fd, flags, fs } = (typeof options === 'object' && options ? options : {}) as Record<
    string,
    unknown
  >;
  return fd == null && fs == null && isFlag(flags) ? archivedPath(given) : undefined;
}
