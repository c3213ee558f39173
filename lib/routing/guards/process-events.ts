import { EventEmitter } from 'node:events';
import { asThread } from '../../flow/identity';
import { native } from '../../internal/binding';
import { isInFlow } from '../../internal/flow-store';
import { reportLeak } from '../../scope/leak-report';
import { scopeDepth } from '../../scope/state';

type Emit = (this: unknown, ...args: unknown[]) => unknown;

/** What node gives to a process, and its types do not. */
interface Internals {
  emit: unknown;
  /** From the beginning of the process's or the worker's end. */
  readonly _exiting: boolean;
  /** Takes every exception that nobody has caught, and calls whoever is to handle it. */
  _fatalException: (...args: unknown[]) => boolean;
}

const internals = process as unknown as Internals;

/** Calls `handle` outside of flows and scopes; a scope that it leaves open ends the process. */
function handled<R>(handle: () => R): R {
  const depth = scopeDepth();
  try {
    return depth !== 0 || isInFlow() ? asThread(handle) : handle();
  } finally {
    if (scopeDepth() !== depth) reportLeak("when a handler of the process's events had ended");
  }
}

const emits = new WeakSet<Emit>();

/** `emit`, but that what it calls for the process runs outside of flows and scopes. */
function outside(emit: unknown): unknown {
  if (typeof emit !== 'function' || emits.has(emit as Emit)) return emit;
  const inner = emit as Emit;
  const outer: Emit = function (...args) {
    if (this !== process) return Reflect.apply(inner, this, args);
    const result = handled(() => Reflect.apply(inner, this, args));
    // Nothing returns into the scope that ended the process, and what node does at the end is not the user's.
    if (args[0] === 'exit' && internals._exiting && scopeDepth() !== 0) native.leaveAll();
    return result;
  };
  Object.defineProperties(outer, Object.getOwnPropertyDescriptors(inner));
  emits.add(outer);
  return outer;
}

const { emit: nodesEmit, rawListeners } = EventEmitter.prototype as unknown as Record<string, Emit>;

/** What node's `emit` does for the process, each listener by itself: none runs in a scope that another has left open. */
function emitToEach([event, ...args]: unknown[]): boolean {
  const listeners = Reflect.apply(rawListeners as Emit, process, [event]) as Emit[];
  for (const listener of listeners) handled(() => Reflect.apply(listener, process, args));
  return listeners.length > 0;
}

/** Node's, whatever has been put into its place in the class by the time it is called. */
const inherited: Emit = function emit(...args) {
  const current = Reflect.get(EventEmitter.prototype, 'emit') as Emit;
  // Of an error that nobody listens for, and of promises that listeners return, node makes exceptions.
  const isPlain = current === nodesEmit && args[0] !== 'error' && !EventEmitter.captureRejections;
  return isPlain && this === process ? emitToEach(args) : Reflect.apply(current, this, args);
};

/**
 * Handlers of the process's events are the service's: they run as the process, whichever flow or scope has set the
 * event off. So does what others put into the place of `process.emit`, before this or later.
 */
function guardEmit(): void {
  let emit = outside(Object.hasOwn(process, 'emit') ? internals.emit : inherited);
  Object.defineProperty(process, 'emit', {
    configurable: true,
    enumerable: false,
    get: () => emit,
    set(this: object, value: unknown) {
      if (this === process) emit = outside(value);
      // A copy of the process, or what inherits from it, has its own.
      else
        Object.defineProperty(this, 'emit', { value, configurable: true, writable: true, enumerable: true });
    },
  });
}

/** The same for what is called about exceptions without an event: capture callbacks and domains. */
function guardExceptions(): void {
  const original = internals._fatalException;
  internals._fatalException = (...args) => handled(() => Reflect.apply(original, process, args));
}

/** Has all handlers of the process run outside of flows and scopes. */
export function guardProcessEvents(): void {
  guardEmit();
  guardExceptions();
}
