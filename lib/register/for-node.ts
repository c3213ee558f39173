import { asProcess } from '../as-process';
import { hasIdentity } from '../identity';
import { like, type AnyFunction, type Router } from './router';

const byNode = /\bnode:internal\/(?:modules|source_map)\//;

/** Whether node's own loader, or what maps stack traces to sources, is what called `below`. */
function isCalledByNode(below: AnyFunction): boolean {
  const { stackTraceLimit } = Error;
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace');
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    // A string, as the stack is too where this is asked while another one is being prepared.
    Error.prepareStackTrace = (_error, sites) => String(sites[0]?.getFileName());
    Error.captureStackTrace(holder, below);
    return byNode.test(String(holder.stack));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  }
}

/**
 * For a function that node's loaders use too, as the program could: what a module or a stack trace is must not depend
 * on who asks for it first, so that for node itself it is done as the process.
 */
export const alsoForNode =
  (route: Router): Router =>
  (name, original) => {
    const routed = route(name, original);
    const replacement = like(original, function (...args) {
      const isNodes = hasIdentity() && isCalledByNode(replacement);
      return isNodes
        ? asProcess(() => Reflect.apply(original, this, args))
        : Reflect.apply(routed, this, args);
    });
    return replacement;
  };
