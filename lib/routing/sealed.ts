import { identitiesOf, publish, unsealedChannel } from '../diagnostics/channels';
import { shownPath } from '../diagnostics/fs';
import type { UnsealedMessage } from '../diagnostics/messages';
import { isPath, textOf, toPath } from '../fs/path';
import { fileOf, isNamedLikeNode, stackOf } from '../internal/call-sites';
import { ImpersonationError } from '../internal/error';
import { isOwn } from '../internal/own-folder';
import { validateOptions, wrongValue } from '../internal/validate';
import { AllowedPaths } from './allowed-paths';
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

/** The paths that a function uses, if they are not its first argument. Without one it has no path to be allowed. */
const pathsByName: Readonly<Record<string, Paths | undefined>> = {
  ...{ copyFile: both, cp: both, link: both, rename: both },
  symlink: ([, path]) => [path],
  ...{ mkdtemp: ofPrefix, mkdtempDisposable: ofPrefix },
  ...{ ReadStream: ofStream, WriteStream: ofStream, FileReadStream: ofStream, FileWriteStream: ofStream },
  Utf8Stream: ([options]) => [hasDescriptor(options) ? undefined : optionOf(options, 'dest')],
  glob: () => [],
};

const first: Paths = ([path]) => [path];

/**
 * Returns the paths that a call uses. Undefined if it uses none: it has an open descriptor, or wrong arguments, for which
 * node's function throws.
 */
function pathsOf(name: string, args: readonly unknown[]): readonly unknown[] | undefined {
  const [, promises, base = '', sync = ''] = form.exec(name) ?? [];
  const paths = (pathsByName[base] ?? first)(args);
  const isKnown = `${base}${sync}` in (promises ? promisesTable : fsTable);
  return isKnown && paths.some((path) => !isPath(path)) ? undefined : paths;
}

function noToken(name: string, path: unknown): ImpersonationError {
  const shown = shownPath(path);
  return new ImpersonationError(
    `${name}() is called without a token on a sealed thread${shown === undefined ? '' : `, for ${shown}`}: call it in ` +
      'a flow of token.run() or in an impersonation scope, or as the process in withoutToken()',
    'ERR_NO_TOKEN',
  );
}

const mostPlaces = 10_000;

/** Returns a function that publishes each place of the program at its first call. */
function reporter(): (name: string, paths: readonly unknown[], called: AnyFunction) => void {
  const places = new Set<string>();
  return (name, paths, called) => {
    if (!unsealedChannel.hasSubscribers || places.size >= mostPlaces) return;
    const sites = stackOf(called).filter((site) => !isOwn(fileOf(site)));
    const lines = sites.map((site) => `    at ${(site as { toString(): string }).toString()}`);
    const place = lines[sites.findIndex((site) => !isNamedLikeNode(site))] ?? name;
    if (places.has(place)) return;
    places.add(place);
    const [path, dest] = paths.map(shownPath);
    publish(unsealedChannel, (): UnsealedMessage => ({
      operation: name,
      ...(path !== undefined && { path }),
      ...(dest !== undefined && { dest }),
      stack: lines.slice(0, Error.stackTraceLimit).join('\n'),
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
  process.nextTick(done, error);
  return undefined;
}
