import { createHash } from 'node:crypto';
import { asThread } from '../internal/as-process';
import { fileOf, sourceHashOf } from '../internal/call-sites';
import { isForeignToThread } from '../flow/identity';
import { like, type AnyFunction, type Router } from './router';

const loaders = /^node:(internal\/(?:modules|source_map)\/[\w/-]+)$/;
/** The same in a line of a stack trace, where a path or the name of a function could contain it. */
const loadersInTrace = /^ {4}at (?:[^()]* \((NAME):\d+:\d+\)|(NAME):\d+:\d+)$/.source.replaceAll(
  'NAME',
  loaders.source.slice(1, -1),
);
const traceOfLoaders = new RegExp(loadersInTrace, 'm');

const hashes = new Map<string, string | undefined>();

/** The hash of the source of a script of node's own, by its id. */
function hashOf(id: string): string | undefined {
  if (!hashes.has(id)) {
    let source: string | undefined;
    try {
      const internals = process as unknown as { binding(name: 'natives'): Record<string, string> };
      source = internals.binding('natives')[id];
    } catch {
      // Where the permission model keeps it back, nothing is taken for node's.
    }
    hashes.set(id, source === undefined ? undefined : createHash('sha256').update(source).digest('hex'));
  }
  return hashes.get(id);
}

/** A script of node:vm can be given the name of one of node's, but not its source. */
function isLoader(site: NodeJS.CallSite | undefined): boolean {
  const id = site && loaders.exec(fileOf(site))?.[1];
  return id !== undefined && sourceHashOf(site as NodeJS.CallSite) === hashOf(id);
}

/** Whether node's own loader, or what maps stack traces to sources, is what called `below`. */
function isCalledByNode(below: AnyFunction): boolean {
  const { stackTraceLimit } = Error;
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace');
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_error, [site]) => isLoader(site);
    Error.captureStackTrace(holder, below);
    // A string where this is asked while another stack is being prepared.
    return typeof holder.stack === 'string' ? traceOfLoaders.test(holder.stack) : holder.stack === true;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  }
}

/**
 * For a function that node's loaders use too, as the program could: what a module or a stack trace is must not depend
 * on who asks for it first, so that for node itself it is done as the process, or as the user of a thread that is one user's.
 */
export const alsoForNode =
  (route: Router): Router =>
  (name, original) => {
    const routed = route(name, original);
    const replacement = like(original, function (...args) {
      const isNodes = isForeignToThread() && isCalledByNode(replacement);
      return isNodes
        ? asThread(() => Reflect.apply(original, this, args))
        : Reflect.apply(routed, this, args);
    });
    return replacement;
  };
