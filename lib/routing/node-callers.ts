import { createHash } from 'node:crypto';
import { asThread, isForeignToThread } from '../flow/identity';
import { callerOf, fileOf, sourceHashOf } from '../internal/call-sites';
import { asProcess } from '../internal/flow-store';
import { type AnyFunction, type Router, withPropertiesOf } from './router';

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
    hashes.set(id, source === undefined ? undefined : createHash('sha256').update(source).digest('hex'));
  }
  return hashes.get(id);
}

/**
 * Returns a function that checks whether one of node's own scripts is the direct caller of `below`. `ids` is the source of
 * a regular expression for their ids. A script of node:vm can have the file name of one, but not its source.
 */
function callerCheck(ids: string): (below: AnyFunction) => boolean {
  const scripts = new RegExp(`^node:(${ids})$`);
  // The same names in a line of a stack trace. Paths and function names in the line could contain them, too.
  const name = `node:(?:${ids})`;
  const trace = new RegExp(`^ {4}at (?:[^()]* \\((${name}):\\d+:\\d+\\)|(${name}):\\d+:\\d+)$`, 'm');
  return (below) => {
    const caller = callerOf(below);
    if (typeof caller === 'string') return trace.test(caller);
    const id = scripts.exec(fileOf(caller))?.[1];
    return id !== undefined && sourceHashOf(caller) === hashOf(id);
  };
}

const loaders = String.raw`internal/(?:modules|source_map)/[\w/-]+`;

/** Whether node's loader, or its mapping of stack traces to sources, is the direct caller of `below`. */
const isCalledByLoader = callerCheck(loaders);

/**
 * Whether a script of node that does the work of an earlier call, or work of node's own, is the direct caller of `below`.
 * Scripts that call functions of the program, such as those of timers, events and promisify(), are none of them.
 */
export const isCalledByNode = callerCheck(
  String.raw`${loaders}|internal/fs/[\w/-]+|internal/streams/fast-utf8-stream|internal/assert/[\w/-]+|internal/process/warning|` +
    'internal/repl/(?:completion|history)|internal/test_runner/(?:coverage|reporter/rerun|runner|snapshot|utils)',
);

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
      const isLoaderCall = isForeignToThread() && isCalledByLoader(called);
      return isLoaderCall
        ? asThread(() => Reflect.apply(original, this, args))
        : Reflect.apply(routed, this, args);
    });
  };
