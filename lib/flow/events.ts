import type { EventEmitter } from 'node:events';
import stream from 'node:stream';
import {
  currentRequest,
  currentStore,
  inRequest,
  runInFlow,
  type Flow,
  type RequestFlow,
  type Store,
} from '../internal/flow-store';
import { refuseGenerator } from '../scope/run-sync';
import { validateArray, validateOptions, wrongType, wrongValue } from '../internal/validate';

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Listener = Method & { listener?: unknown };

/** The flows that `token.bind()` gave to events of an emitter; the key `everyEvent` is for all others. */
const boundFlows = new WeakMap<object, Map<unknown, Flow>>();
const everyEvent = Symbol('every event');
/** The request that an emitter belongs to. */
const requestFlows = new WeakMap<object, RequestFlow>();

function callIn(store: Store, fn: Method, receiver: unknown, args: unknown[]): unknown {
  if (store === currentStore()) return Reflect.apply(fn, receiver, args);
  return runInFlow(store, () => Reflect.apply<unknown, unknown[], unknown>(fn, receiver, args));
}

/** What was passed to an emitter, by the function that it keeps instead. */
const given = new WeakMap<object, unknown>();

/**
 * Returns a function that calls `listener` in the flow of the running code; outside of flows in that of the request that
 * is being handled, whenever it begins; `listener` itself if there is neither, or `emitter` belongs to a request.
 */
export function inCurrentFlow(listener: unknown, emitter?: EventEmitter): unknown {
  if (typeof listener !== 'function') return listener;
  const store = currentStore();
  const request =
    store === undefined && !(emitter && requestFlows.has(emitter)) ? currentRequest() : undefined;
  if (store === undefined && !request) return listener;
  const bound: Listener = function (...args) {
    return callIn(request ? request.flow : store, listener as Method, this, args);
  };
  // What removeListener() and listeners() compare and show, as in the wrappers of once().
  bound.listener = (listener as Listener).listener ?? listener;
  given.set(bound, listener);
  return bound;
}

/** Returns the function that `emitter` keeps for a wrapper of once(), which removes itself when it is called. */
function keptFor(emitter: EventEmitter, event: string, listener: unknown): unknown {
  const kept = emitter.rawListeners(event).findLast((each) => given.get(each) === listener);
  return kept ?? listener;
}

/** Replaces `owner[name]` by a function that passes the method it had or inherits, the receiver and arguments to `call`. */
function override(
  owner: object,
  name: string,
  call: (method: Method, receiver: EventEmitter, args: unknown[]) => unknown,
): void {
  const found: unknown = Reflect.get(owner, name);
  if (typeof found !== 'function') return;
  const own = Object.hasOwn(owner, name) ? (found as Method) : undefined;
  const replacement: Method = function (...args) {
    // Not the method found above: other code may have replaced it in a prototype since, as node:domain does.
    const method = own ?? (Reflect.get(Object.getPrototypeOf(owner) as object, name) as Method);
    return call(method, this as EventEmitter, args);
  };
  const { name: shown, length } = found;
  Object.defineProperties(replacement, {
    name: { value: shown, configurable: true },
    length: { value: length, configurable: true },
  });
  Object.defineProperty(owner, name, {
    value: replacement,
    configurable: true,
    writable: true,
    enumerable: own === undefined ? false : Object.prototype.propertyIsEnumerable.call(owner, name),
  });
}

function emitInFlow(emit: Method, emitter: EventEmitter, args: unknown[]): unknown {
  const bound = boundFlows.get(emitter);
  const flow = bound?.get(args[0]) ?? bound?.get(everyEvent);
  if (flow) return callIn(flow, emit, emitter, args);
  const request = requestFlows.get(emitter);
  if (!request) return Reflect.apply(emit, emitter, args);
  const call = (): unknown => callIn(request.flow, emit, emitter, args);
  // A listener may begin the flow of the request: node emits events outside of the handling, or in that of another one.
  return request.flow || request === currentRequest() ? call() : inRequest(request, call);
}

/** Prototypes and objects whose listeners run in flows. */
const followed = new WeakSet();

/**
 * Makes listeners run in the flow that they are added in, whoever emits the event, and likewise the callbacks of write()
 * and end(). `owner` is an emitter, or the prototype of emitters.
 */
export function followListeners(owner: object): void {
  for (let each: object | null = owner; each; each = Object.getPrototypeOf(each) as object | null) {
    if (followed.has(each)) return;
  }
  followed.add(owner);
  for (const name of ['on', 'addListener', 'prependListener']) {
    override(owner, name, (method, emitter, [event, listener, ...rest]) =>
      Reflect.apply(method, emitter, [event, inCurrentFlow(listener, emitter), ...rest]),
    );
  }
  for (const name of ['removeListener', 'off']) {
    override(owner, name, (method, emitter, [event, listener, ...rest]) =>
      Reflect.apply(method, emitter, [event, keptFor(emitter, event as string, listener), ...rest]),
    );
  }
  for (const name of ['write', 'end']) {
    override(owner, name, (method, emitter, args) =>
      Reflect.apply(
        method,
        emitter,
        args.map((each) => inCurrentFlow(each, emitter)),
      ),
    );
  }
  override(owner, 'emit', emitInFlow);
}

function isEmitter(value: unknown): value is EventEmitter {
  const { emit, on } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  return typeof emit === 'function' && typeof on === 'function';
}

/** Prototypes that many other emitters have. */
const shared = new Set<unknown>(
  Object.values(stream).map((each: unknown) => (each as { prototype?: unknown }).prototype),
);

/** Follows the listeners of all objects of the emitter's class. */
function followClassOf(emitter: EventEmitter): void {
  const prototype = Object.getPrototypeOf(emitter) as object;
  const isShared = shared.has(prototype) || !isEmitter(Object.getPrototypeOf(prototype));
  followListeners(isShared ? emitter : prototype);
}

/**
 * Calls `handle`, which handles a request, and returns its result. The last flow that begins in the handling, in no other
 * flow, is the flow of the request: listeners of `parts`, the request and the response, that were added outside of flows
 * run in it. Until then they run in the flow of the caller.
 */
export function handleRequest<R>(parts: readonly unknown[], handle: () => R): R {
  const emitters = parts.filter(isEmitter);
  const known = emitters.map((each) => requestFlows.get(each)).find((each) => each !== undefined);
  const request: RequestFlow = known ?? { flow: currentStore() };
  for (const part of emitters) {
    followClassOf(part);
    requestFlows.set(part, request);
  }
  return inRequest(request, handle);
}

/**
 * Calls `pipe`, which begins to read a stream into `destination`, and returns its result. If that is the response of a
 * request in a flow, the stream is read in the flow: frameworks such as Koa send a body after the handler has returned.
 */
export function pipeInto<R>(destination: unknown, pipe: () => R): R {
  const flow = currentStore() === undefined ? requestFlows.get(destination as object)?.flow : undefined;
  return flow ? runInFlow(flow, pipe) : pipe();
}

/** Makes `flow` the flow of the request that `parts` are the request and the response of. */
export function setRequestFlow(parts: readonly EventEmitter[], flow: Flow): void {
  for (const part of parts) {
    followClassOf(part);
    const request = requestFlows.get(part);
    if (request) request.flow = flow;
    else requestFlows.set(part, { flow });
  }
}

/**
 * What `token.bind()` does with an emitter.
 *
 * @example
 * const options: BindOptions = { events: ['message', 'close'] };
 * token.bind(socket, options);
 */
export interface BindOptions {
  /** The events whose listeners run in the flow; all of them by default. */
  events?: readonly (string | symbol)[];
}

function validateEvents(options: unknown = {}): unknown[] {
  validateOptions(options, 'options', ['events']);
  const { events } = options;
  if (events === undefined) return [everyEvent];
  validateArray(events, 'options.events');
  events.forEach((event, index) => {
    if (typeof event !== 'string' && typeof event !== 'symbol')
      throw wrongType(`options.events[${String(index)}]`, 'of type string or symbol', event);
  });
  return events;
}

function bindFunction(flow: Flow, fn: Method): Method {
  const bound: Method = function (...args) {
    return refuseGenerator(callIn(flow, fn, this, args));
  };
  return Object.defineProperties(bound, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
}

const emitters = new WeakSet();

function bindEmitter(flow: Flow, emitter: EventEmitter, events: readonly unknown[]): void {
  if (!emitters.has(emitter)) override(emitter, 'emit', emitInFlow);
  emitters.add(emitter);
  const bound = boundFlows.get(emitter) ?? new Map<unknown, Flow>();
  if (events.includes(everyEvent)) bound.clear();
  for (const event of events) bound.set(event, flow);
  boundFlows.set(emitter, bound);
}

/** Implements `token.bind()`. */
export function bindToFlow<T>(flow: Flow, target: T, options: BindOptions | undefined): T {
  if (typeof target === 'function') {
    if (options !== undefined) throw wrongValue('options', 'is for an EventEmitter, not for a function');
    return bindFunction(flow, target as unknown as Method) as T;
  }
  if (!isEmitter(target)) throw wrongType('target', 'of type function or an EventEmitter', target);
  if ((target as unknown) === process)
    throw wrongValue('target', 'must not be the process: handlers of its events run as the process');
  bindEmitter(flow, target, validateEvents(options));
  return target;
}
