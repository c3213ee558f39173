import { asProcess } from '../as-process';
import { currentIdentity } from '../identity';
import type { AnyFunction } from './router';

const byNode = /\(?node:internal\/(?:modules|source_map)\//;

/** Whether node's own loader, or what maps stack traces to sources, is what called `below`. */
function isCalledByNode(below: AnyFunction): boolean {
  const { stackTraceLimit, prepareStackTrace } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    // A string, as it also is where this is asked while a stack is being prepared.
    Error.prepareStackTrace = (_error, sites) => `(${String(sites[0]?.getFileName())})`;
    Error.captureStackTrace(holder, below);
    return byNode.test(String(holder.stack));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  }
}

/**
 * What `original` gives as the process, where node reads for itself with its public function: what a module or a
 * stack trace is must not depend on who asks for it first. Undefined where the call is the program's own.
 */
export function readByNode(replacement: AnyFunction, original: AnyFunction, args: unknown[]): unknown {
  if (!currentIdentity() || !isCalledByNode(replacement)) return undefined;
  return asProcess(() => Reflect.apply(original, undefined, args));
}
