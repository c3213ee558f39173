import { identitiesOf, publish, unsealedChannel } from '../diagnostics/channels';
import { shownPath } from '../diagnostics/fs';
import type { UnsealedMessage } from '../diagnostics/messages';
import { nextTick } from '../fs/node-fs';
import { isPath, textOf, toPath } from '../fs/path';
import { fileOf, isNamedLikeNode, stackOf } from '../internal/call-sites';
import { ImpersonationError } from '../internal/error';
import { isOwn } from '../internal/own-folder';
import { validateOptions, wrongValue } from '../internal/validate';
import { AllowedPaths } from './allowed-paths';
import { builtin, kindOf } from './builtins';
import type { Gate } from './gate';
import { isCalledByNode } from './node-callers';
import type { AnyFunction } from './router';
import type { SealOptions } from './seal';
import { fsTable, promisesTable } from './table';

/** The parts of a name such as `fs.promises.readFile` or `fs.realpathSync.native`. */
const form = /^fs\.(promises\.)?(\w+?)(Sync)?(?:\.native)?$/;

const optionOf = (options: unknown, name: string): unknown =>
  typeof options === 'object' && options !== null ? Reflect.get(options, name) : undefined;

const hasDescriptor = (options: unknown): boolean => optionOf(options, 'fd') != null;

type Paths = (args: readonly unknown[]) => readonly unknown[];

const both: Paths = ([from, to]) => [from, to];
const ofStream: Paths = ([path, options]) => (hasDescriptor(options) ? [undefined] : [path]);
/** System calls append six characters to the prefix, so `/log` is not within `/log`. */
const ofPrefix: Paths = ([prefix]) => [isPath(prefix) ? `${textOf(toPath(prefix))}XXXXXX` : prefix];

/** What links below a folder lead to is not checked. */
const unlessRecursive: Paths = ([path, options]) => (optionOf(options, 'recursive') ? [] : [path]);

/** The paths that a function uses, if they are not its first argument. Without one it has no path to be allowed. */
const pathsByName: Readonly<Record<string, Paths | undefined>> = {
  ...{ copyFile: both, link: both, rename: both },
  cp: ([from, to, options]) => (optionOf(options, 'dereference') ? [] : [from, to]),
  ...{ opendir: unlessRecursive, readdir: unlessRecursive, watch: unlessRecursive },
  symlink: ([, path]) => [path],
  ...{ mkdtemp: ofPrefix, mkdtempDisposable: ofPrefix },
  ...{ ReadStream: ofStream, WriteStream: ofStream, FileReadStream: ofStream, FileWriteStream: ofStream },
  Utf8Stream: ([options]) => [hasDescriptor(options) ? undefined : optionOf(options, 'dest')],
  glob: () => [],
};

const first: Paths = ([path]) => [path];

/** SQLite takes the path out of a URL, in a way of its own. Any object with an `href` is one. */
function ofDatabase([path]: readonly unknown[]): readonly unknown[] {
  const isUrl = isPath(path) ? textOf(toPath(path)).startsWith('file:') : typeof path === 'object';
  return isUrl || path instanceof URL ? [] : [path];
}

/** The paths that functions of other modules use. The others cannot be allowed by a path. */
const pathsElsewhere: Readonly<Record<string, Paths | undefined>> = {
  ...{ 'http.request': first, 'net.connect': first, 'net.listen': first },
  ...{ 'process.chdir': first, 'process.loadEnvFile': ([path]) => [path ?? '.env'] },
  ...{ 'sqlite.DatabaseSync': ofDatabase, 'sqlite.backup': ([, path]) => ofDatabase([path]) },
};

/**
 * Returns the paths that a call uses. Undefined if it uses none: it has an open descriptor, or wrong arguments, for which
 * node's function throws.
 */
function pathsOf(name: string, args: readonly unknown[]): readonly unknown[] | undefined {
  if (!form.test(name)) {
    const paths = name.startsWith('wasi.') ? args : (pathsElsewhere[name]?.(args) ?? []);
    // Not every function rejects a string with a null character.
    return paths.every((path) => typeof path === 'string' || isPath(path)) ? paths : undefined;
  }
  const [, promises, base = '', sync = ''] = form.exec(name) ?? [];
  const paths = (pathsByName[base] ?? first)(args);
  const isKnown = `${base}${sync}` in (promises ? promisesTable : fsTable);
  return isKnown && paths.some((path) => !isPath(path)) ? undefined : paths;
}

/** Whether a token would not help: in a flow or scope the function throws. */
function isRefused(name: string): boolean {
  const [module = '', ...member] = name.split('.');
  return kindOf(builtin(module) ?? {}, member.join('.')) === 'refused';
}

function noToken(name: string, path: unknown): ImpersonationError {
  const shown = shownPath(path);
  const remedy = isRefused(name)
    ? 'call it'
    : 'call it in a flow of token.run() or in an impersonation scope, or';
  return new ImpersonationError(
    `${name}() is called without a token on a sealed thread${shown === undefined ? '' : `, for ${shown}`}: ${remedy} ` +
      'as the process in withoutToken()',
    'ERR_NO_TOKEN',
  );
}

const mostPlaces = 10_000;

/** Returns a function that publishes each place of the program at its first call. */
function reporter(): (name: string, paths: readonly unknown[], called: AnyFunction) => void {
  const places = new Set<string>();
  const lineOf = (site: NodeJS.CallSite): string => `    at ${(site as { toString(): string }).toString()}`;
  return (name, paths, called) => {
    if (places.size >= mostPlaces) return;
    const sites = stackOf(called).filter((site) => !isOwn(fileOf(site)));
    const site = sites.find((one) => !isNamedLikeNode(one));
    const place = site ? lineOf(site) : name;
    if (places.has(place)) return;
    places.add(place);
    const lines = sites.slice(0, Error.stackTraceLimit).map(lineOf);
    const [path, dest] = paths.map(shownPath);
    publish(unsealedChannel, (): UnsealedMessage => ({
      operation: name,
      ...(path !== undefined && { path }),
      ...(dest !== undefined && { dest }),
      stack: lines.join('\n'),
      ...identitiesOf(undefined),
    }));
  };
}

/** Returns what `seal()` decides by. Throws for wrong options. */
export function toGate(options: SealOptions): Gate {
  validateOptions(options, 'options', ['mode', 'allow']);
  const { mode = 'throw', allow = [] } = options as Partial<Record<keyof SealOptions, unknown>>;
  if (mode !== 'throw' && mode !== 'report') throw wrongValue('options.mode', "must be 'throw' or 'report'");
  const allowed = new AllowedPaths(allow, 'options.allow');
  const report = reporter();
  return (name, args, called) => {
    if (mode === 'report' && !unsealedChannel.hasSubscribers) return undefined;
    const paths = pathsOf(name, args);
    if (!paths) return undefined;
    const refused = paths.filter((path) => !allowed.includes(path));
    if ((paths.length > 0 && refused.length === 0) || isCalledByNode(called)) return undefined;
    if (mode === 'throw') return noToken(name, refused[0]);
    report(name, paths, called);
    return undefined;
  };
}

/** Functions without `Sync` in their names that report errors neither to a callback nor by a promise. */
const throwing = new Set(['exists', 'watch', 'watchFile', 'glob']);

/** Reports the error of a call as node's function would: throws it, passes it to the callback, or returns a promise. */
export function failureOf(name: string, args: readonly unknown[], error: Error): unknown {
  const [, promises, base = '', sync] = form.exec(name) ?? [];
  const done = args.findLast((arg) => typeof arg === 'function');
  if (sync || (throwing.has(base) && (promises || base !== 'glob'))) throw error;
  if (promises || base === 'openAsBlob') return Promise.reject(error);
  if (!done) throw error;
  nextTick(done as AnyFunction, error);
  return undefined;
}
