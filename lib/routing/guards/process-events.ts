import { EventEmitter } from 'node:events';
import { asThread } from '../../flow/identity';
import { native } from '../../internal/binding';
import { isInFlow } from '../../internal/flow-store';
import { reportLeak } from '../../scope/leak-report';
import { scopeDepth } from '../../scope/state';

type Emit = (this: unknown, ...args: unknown[]) => unknown;

/** Members of `process` that @types/node does not declare. */
interface Internals {
  emit: unknown;
  /** True once the process or worker has begun to exit. */
  readonly _exiting: boolean;
  /** Receives every uncaught exception and calls its handlers. */
  _fatalException: (...args: unknown[]) => boolean;
}

const internals = process as unknown as Internals;

/** Calls `handle` outside of flows and scopes. If it leaves a scope open, the process ends. */
function runHandler<R>(handle: () => R): R {
  const depth = scopeDepth();
  try {
    return depth !== 0 || isInFlow() ? asThread(handle) : handle();
  } finally {
    if (scopeDepth() !== depth) reportLeak("when a handler of the process's events had ended");
  }
}

const emits = new WeakSet<Emit>();

/** Returns a function like `emit` that runs the listeners of the process outside of flows and scopes. */
function outsideFlows(emit: unknown): unknown {
  if (typeof emit !== 'function' || emits.has(emit as Emit)) return emit;
  const inner = emit as Emit;
  const outer: Emit = function (...args) {
    if (this !== process) return Reflect.apply(inner, this, args);
    const result = runHandler(() => Reflect.apply(inner, this, args));
    // No code returns into the scope that was open at the exit, and what node does next must run as the process.
    if (args[0] === 'exit' && internals._exiting && scopeDepth() !== 0) native.leaveAll();
    return result;
  };
  Object.defineProperties(outer, Object.getOwnPropertyDescriptors(inner));
  emits.add(outer);
  return outer;
}

const { emit: nodeEmit, rawListeners } = EventEmitter.prototype as unknown as Record<string, Emit>;

/**
 * Does the same as node's `emit` for the process, but calls each listener on its own, so that a scope that one of them
 * leaves open is detected before the next one runs.
 */
function emitToEach([event, ...args]: unknown[]): boolean {
  const listeners = Reflect.apply(rawListeners as Emit, process, [event]) as Emit[];
  for (const listener of listeners) runHandler(() => Reflect.apply(listener, process, args));
  return listeners.length > 0;
}

/** Calls the `emit` that EventEmitter has at the time, which the program may have replaced. */
const inherited: Emit = function emit(...args) {
  const current = Reflect.get(EventEmitter.prototype, 'emit') as Emit;
  // Node throws for an error event without listeners, and handles promises that listeners return.
  const isPlain = current === nodeEmit && args[0] !== 'error' && !EventEmitter.captureRejections;
  return isPlain && this === process ? emitToEach(args) : Reflect.apply(current, this, args);
};

/**
 * Makes `process.emit` run outside of flows and scopes: the listeners belong to the service, whichever flow or scope
 * caused the event. A function that other code assigns to `process.emit`, before or later, is wrapped as well.
 */
function guardEmit(): void {
  let emit = outsideFlows(Object.hasOwn(process, 'emit') ? internals.emit : inherited);
  Object.defineProperty(process, 'emit', {
    configurable: true,
    enumerable: false,
    get: () => emit,
    set(this: object, value: unknown) {
      if (this === process) emit = outsideFlows(value);
      // An object that inherits from `process` gets a property of its own.
      else
        Object.defineProperty(this, 'emit', { value, configurable: true, writable: true, enumerable: true });
    },
  });
}

/** Does the same for handlers of exceptions that are not events: capture callbacks and domains. */
function guardExceptions(): void {
  const original = internals._fatalException;
  internals._fatalException = (...args) => runHandler(() => Reflect.apply(original, process, args));
}

/** Makes all handlers of the process run outside of flows and scopes. */
export function guardProcessEvents(): void {
  guardEmit();
  guardExceptions();
}
