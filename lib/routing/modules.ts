import { createHash } from 'node:crypto';
import Module from 'node:module';
import { asThread, isForeignToThread } from '../flow/identity';
import { fileOf, sourceHashOf } from '../internal/call-sites';
import { type AnyFunction, type Router, like } from './router';

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

function asOurselves(original: AnyFunction): AnyFunction {
  return like(original, function (...args) {
    return isForeignToThread()
      ? asThread(() => Reflect.apply(original, this, args))
      : Reflect.apply(original, this, args);
  });
}

const functions = Module as unknown as Record<string, AnyFunction | undefined>;

/**
 * Modules are the thread's, whoever asks for them first: CommonJS finds, reads and runs them with the public functions
 * of node:fs, and so do the hooks of a program that compiles them.
 */
export function routeModules(): void {
  for (const name of ['_load', '_resolveFilename']) {
    const original = functions[name];
    if (original) functions[name] = asOurselves(original);
  }
  // For who has kept node's own _load(), or does without.
  const { prototype } = Module as unknown as { prototype: { load: AnyFunction } };
  prototype.load = asOurselves(prototype.load);
  const { registerHooks } = functions;
  if (!registerHooks) return;
  functions.registerHooks = like(registerHooks, function (hooks, ...rest) {
    const given = hooks as Record<string, unknown>;
    const ours = Object.fromEntries(
      Object.entries(given).map(([name, hook]) => [
        name,
        typeof hook === 'function' ? asOurselves(hook as AnyFunction) : hook,
      ]),
    );
    return Reflect.apply(registerHooks, this, [ours, ...rest]);
  });
}
