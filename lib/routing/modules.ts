import Module from 'node:module';
import { asThread, isForeignToThread } from '../flow/identity';
import { deferred } from '../internal/deferred';
import { asProcess } from '../internal/flow-store';
import { callerOf, fileOf, sourceHashOf } from '../internal/call-sites';
import { type AnyFunction, type Router, withPropertiesOf } from './router';

/** File names of node's module loaders and of its source map support. */
const loaders = /^node:(internal\/(?:modules|source_map)\/[\w/-]+)$/;
/** The same names in a line of a stack trace. Paths and function names in the line could contain them, too. */
const loadersInTrace = /^ {4}at (?:[^()]* \((NAME):\d+:\d+\)|(NAME):\d+:\d+)$/.source.replaceAll(
  'NAME',
  loaders.source.slice(1, -1),
);
const traceOfLoaders = new RegExp(loadersInTrace, 'm');

const hashes = new Map<string, string | undefined>();

/** Returns the hash of the source of a script of node, by its id. */
function hashOf(id: string): string | undefined {
  if (!hashes.has(id)) {
    let source: string | undefined;
    try {
      const internals = process as unknown as { binding(name: 'natives'): Record<string, string> };
      source = asProcess(() => internals.binding('natives')[id]);
    } catch {
      // The permission model blocks the binding. No script is then treated as node's own.
    }
    hashes.set(
      id,
      source === undefined ? undefined : deferred().createHash('sha256').update(source).digest('hex'),
    );
  }
  return hashes.get(id);
}

/** Whether the call is in a loader of node. A script of node:vm can have the file name of one, but not its source. */
function isLoader(site: NodeJS.CallSite): boolean {
  const id = loaders.exec(fileOf(site))?.[1];
  return id !== undefined && sourceHashOf(site) === hashOf(id);
}

/** Whether node's loader, or its mapping of stack traces to sources, is the direct caller of `below`. */
function isCalledByNode(below: AnyFunction): boolean {
  const caller = callerOf(below);
  return typeof caller === 'string' ? traceOfLoaders.test(caller) : isLoader(caller);
}

/**
 * Routes a function that node's loaders use as well. What a module or a stack trace contains must not depend on the
 * user that first needs it, so a call from the loaders runs under the identity of the thread: the process, or the user
 * of a pinned thread.
 */
export const exceptForLoaders =
  (route: Router): Router =>
  (name, original, called) => {
    const routed = route(name, original, called);
    return withPropertiesOf(original, function (...args) {
      const isLoaderCall = isForeignToThread() && isCalledByNode(called);
      return isLoaderCall
        ? asThread(() => Reflect.apply(original, this, args))
        : Reflect.apply(routed, this, args);
    });
  };

/** Returns a function that calls `original` under the identity of the thread, outside of flows and scopes. */
function asThreadFunction(original: AnyFunction): AnyFunction {
  return withPropertiesOf(original, function (...args) {
    return isForeignToThread()
      ? asThread(() => Reflect.apply(original, this, args))
      : Reflect.apply(original, this, args);
  });
}

const functions = Module as unknown as Record<string, AnyFunction | undefined>;

/**
 * Makes modules load and run under the identity of the thread. They are shared by all flows of the thread, whichever
 * flow needs them first. CommonJS, and programs' hooks that compile modules, use the public functions of node:fs.
 */
export function routeModules(): void {
  for (const name of ['_load', '_resolveFilename']) {
    const original = functions[name];
    if (original) functions[name] = asThreadFunction(original);
  }
  // Covers code that holds node's own _load(), and loaders that do not call it.
  const { prototype } = Module as unknown as { prototype: { load: AnyFunction } };
  prototype.load = asThreadFunction(prototype.load);
  const { register, registerHooks } = functions;
  // Starts a thread of node's own.
  if (register) functions.register = asThreadFunction(register);
  if (!registerHooks) return;
  functions.registerHooks = withPropertiesOf(registerHooks, function (hooks, ...rest) {
    const given = hooks as Record<string, unknown>;
    const wrapped = Object.fromEntries(
      Object.entries(given).map(([name, hook]) => [
        name,
        typeof hook === 'function' ? asThreadFunction(hook as AnyFunction) : hook,
      ]),
    );
    return Reflect.apply(registerHooks, this, [wrapped, ...rest]);
  });
}
