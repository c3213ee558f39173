import type { EventEmitter } from 'node:events';
import { finished } from 'node:stream';
import { types } from 'node:util';
import { deferred } from '../internal/deferred';
import { ImpersonationError } from '../internal/error';
import { type Flow, asProcess, runInFlow } from '../internal/flow-store';
import { native } from '../internal/binding';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** How a result is followed. */
interface Following {
  /** The flow that what is left of the work runs in; the process identity for null. */
  readonly flow: Flow | null;
  /** Whether streams are produced in the flow, or by whoever reads them. */
  readonly producesStreams: boolean;
  /** Called when nothing is left of the work, with an error if it has failed. Later calls do nothing. */
  readonly settle: (failure?: { readonly error: unknown }) => void;
}

/** Calls `fn` in the flow, or as the process. */
const inIdentity = <R>(flow: Flow | null, fn: () => R): R => (flow ? runInFlow(flow, fn) : asProcess(fn));

const methodOf = (value: object, name: string | symbol): Method | undefined => {
  const method: unknown = Reflect.get(value, name);
  return typeof method === 'function' ? (method as Method) : undefined;
};

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** Whether `then` of a promise runs no code of its class, which may begin its work only then. */
const isPlainPromise = (value: object): value is Promise<unknown> =>
  types.isPromise(value) && value.then === Promise.prototype.then && value.constructor === Promise;

/** Returns the method `then` of a promise or another thenable. */
export const thenOf = (value: unknown): Method | undefined =>
  isObject(value) ? methodOf(value, 'then') : undefined;

/** Values that have all that they yield. */
const isCollection = (value: object): boolean =>
  Array.isArray(value) ||
  ArrayBuffer.isView(value) ||
  types.isMap(value) ||
  types.isSet(value) ||
  types.isArgumentsObject(value) ||
  types.isBoxedPrimitive(value) ||
  [URLSearchParams, Headers, FormData].some((type) => value instanceof type);

/** Whether the object yields values one by one, each made when it is requested. Arrays and the like are plain values. */
function isLazy(value: object): boolean {
  if (methodOf(value, 'next') ?? methodOf(value, Symbol.asyncIterator)) return true;
  const iterate = methodOf(value, Symbol.iterator);
  return iterate !== undefined && (types.isGeneratorFunction(iterate) || !isCollection(value));
}

/** Whether a step of an iteration was its last one. */
const isDone = (step: unknown): boolean => Boolean((step as { done?: unknown } | null | undefined)?.done);
const steps: readonly unknown[] = ['next', 'return', 'throw'];

/** Calls `settle` if the step was the last one, or has failed. */
function watchStep(step: unknown, { flow, settle }: Following): void {
  const end = (done: unknown): void => {
    // It may be an accessor of the operation's.
    if (inIdentity(flow, () => isDone(done))) settle();
  };
  if (types.isPromise(step)) step.then(end, (error: unknown) => settle({ error }));
  else end(step);
}

/**
 * Returns a view of a generator, iterator or iterable whose methods run in the flow. The object itself stays as it is: the
 * operation may return it to several callers.
 */
function followIteration(target: object, following: Following): object {
  const view: object = new Proxy(target, {
    get(_target, name): unknown {
      const value: unknown = inIdentity(following.flow, () => Reflect.get(target, name, target) as unknown);
      if (typeof value !== 'function' || name === 'constructor') return value;
      return (...args: unknown[]) => {
        try {
          const result: unknown = inIdentity(following.flow, () =>
            Reflect.apply(value as Method, target, args),
          );
          if (result === target) return view;
          const isStep = steps.includes(name);
          if (!isStep && isObject(result) && inIdentity(following.flow, () => isLazy(result)))
            return followIteration(result, following);
          const followed = follow(result, { ...following, settle: () => {} });
          if (isStep) watchStep(followed, following);
          return followed;
        } catch (error) {
          if (steps.includes(name)) following.settle({ error });
          throw error;
        }
      };
    },
  });
  return view;
}

/** The flows in which streams that operations have returned are produced; null for the process. */
const producers = new WeakMap<object, Flow | null>();

/** The methods by which a stream of node does its work, whoever calls them and whenever. */
const innerMethods = ['_read', '_write', '_writev', '_transform', '_flush', '_final', '_destroy'];

/** Returns whether operations have returned the stream before. Throws ERR_IDENTITY_CONFLICT if it is another user's. */
function isProduced(stream: object, flow: Flow | null): boolean {
  const known = producers.get(stream);
  if (known === undefined) return false;
  // Of an operation that this one has called: its own declaration holds.
  if (known === null || flow === null || native.equalTokens(known.tokenRef.id, flow.tokenRef.id)) return true;
  throw new ImpersonationError(
    'The operation returned a stream that is produced as another caller: make a stream for each call',
    'ERR_IDENTITY_CONFLICT',
  );
}

/** Makes a stream of node do its work and emit its events in the flow. */
function produceStream(stream: EventEmitter, flow: Flow | null): void {
  if (isProduced(stream, flow)) return;
  producers.set(stream, flow);
  for (const name of innerMethods) {
    const method = methodOf(stream, name);
    // A Transform calls its `_final` a second time if it is not the one that it knows, and that one calls `_flush`.
    if (!method || (name === '_final' && '_transform' in stream)) continue;
    Object.defineProperty(stream, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => inIdentity(flow, () => Reflect.apply(method, stream, args)),
    });
  }
  if (flow) deferred().bindToFlow(flow, stream, undefined);
}

function followStream(stream: EventEmitter, { flow, producesStreams, settle }: Following): EventEmitter {
  if (producesStreams) produceStream(stream, flow);
  asProcess(() => {
    finished(stream as NodeJS.ReadableStream, { writable: false }, (error) =>
      settle(error ? { error } : undefined),
    );
  });
  return stream;
}

/** Returns a web stream that is read from the given one in the flow. */
function followWebStream(source: ReadableStream, following: Following): ReadableStream {
  const { flow, producesStreams, settle } = following;
  const run = <R>(fn: () => R): R => (producesStreams ? inIdentity(flow, fn) : fn());
  const reader = run(() => source.getReader() as ReadableStreamDefaultReader<unknown>);
  return new ReadableStream<unknown>(
    {
      pull: (controller) =>
        run(() => reader.read()).then(
          ({ done, value }) => {
            if (!done) {
              controller.enqueue(value);
              return;
            }
            settle();
            controller.close();
          },
          (error: unknown) => {
            settle({ error });
            throw error;
          },
        ),
      cancel(reason) {
        settle();
        return run(() => reader.cancel(reason));
      },
    },
    // It reads nothing ahead of its own reader.
    { highWaterMark: 0 },
  );
}

/** Whether it is a response of fetch() with a body to read. Reading the global loads fetch(), which few operations need. */
const isResponse = (value: object): value is Response & { readonly body: ReadableStream } =>
  Reflect.get(value, Symbol.toStringTag) === 'Response' &&
  value instanceof Response &&
  value.body !== null &&
  !value.body.locked;

/** Returns a response like the given one, whose body is read from that one's in the flow. */
function followResponse(
  response: Response & { readonly body: ReadableStream },
  following: Following,
): Response {
  const { status, statusText, headers, url, redirected, type } = response;
  const made = new Response(followWebStream(response.body, following), { status, statusText, headers });
  const kept = Object.entries({ url, redirected, type }).map(([name, value]) => [name, { value }] as const);
  return Object.defineProperties(made, Object.fromEntries(kept));
}

/** Whether the object is a stream of node that can be read: a response of node:http, which handlers return, cannot. */
const isStream = (value: object): boolean =>
  methodOf(value, 'pipe') !== undefined &&
  methodOf(value, 'on') !== undefined &&
  (methodOf(value, 'read') !== undefined || Reflect.get(value, 'readable') === true);

/** Whether it is an Observable, as of RxJS. */
const isObservable = (value: object): value is Observable =>
  methodOf(value, 'subscribe') !== undefined && methodOf(value, 'pipe') !== undefined;

/** The part of an Observable that is used. */
interface Observable {
  readonly subscribe: (...args: never[]) => unknown;
}

/** What RxJS returns of a subscription: `end` is called when it has completed or failed, or has been unsubscribed from. */
interface Subscription {
  add?(end: () => void): void;
}

/** Makes an Observable begin its work, which it does when it is subscribed to, in the flow. */
export function followObservable<O extends Observable>(
  observable: O,
  { flow, settle }: Pick<Following, 'flow' | 'settle'>,
): O {
  const subscribe = observable.subscribe as (...args: unknown[]) => Subscription | undefined;
  return Object.assign(observable, {
    subscribe(...args: unknown[]): unknown {
      try {
        const subscription = inIdentity(flow, () => Reflect.apply(subscribe, observable, args));
        if (subscription?.add) subscription.add(() => settle());
        else settle();
        return subscription;
      } catch (error) {
        settle({ error });
        throw error;
      }
    },
  });
}

type Kind = 'promise' | 'thenable' | 'web stream' | 'response' | 'observable' | 'stream' | 'lazy' | 'plain';

function kindOf(result: object): Kind {
  if (isPlainPromise(result)) return 'promise';
  if (thenOf(result)) return 'thenable';
  if (result instanceof ReadableStream && !result.locked) return 'web stream';
  if (isResponse(result)) return 'response';
  if (isStream(result)) return 'stream';
  if (isObservable(result)) return 'observable';
  return isLazy(result) ? 'lazy' : 'plain';
}

function followPromise(promise: Promise<unknown>, following: Following): Promise<unknown> {
  return promise.then(
    (value) => {
      try {
        return follow(value, following);
      } catch (error) {
        following.settle({ error });
        throw error;
      }
    },
    (error: unknown) => {
      following.settle({ error });
      throw error;
    },
  );
}

/** Returns the promise of a thenable, which may begin its work when it is called. */
const settled = (thenable: object): Promise<unknown> =>
  new Promise((...settlers) => void Reflect.apply(thenOf(thenable) as Method, thenable, settlers));

/**
 * Returns the result of an operation, or one that stands for it: what is left of its work, in a promise, a generator or a
 * stream, runs in the flow.
 */
export function follow(result: unknown, following: Following): unknown {
  const { flow, settle } = following;
  // Its properties may be accessors of the operation's.
  const kind = isObject(result) ? inIdentity(flow, () => kindOf(result)) : 'plain';
  switch (kind) {
    case 'promise':
      return followPromise(result as Promise<unknown>, following);
    case 'thenable':
      return followPromise(
        inIdentity(flow, () => settled(result as object)),
        following,
      );
    case 'web stream':
      return followWebStream(result as ReadableStream, following);
    case 'response':
      return followResponse(result as Response & { readonly body: ReadableStream }, following);
    case 'observable':
      return followObservable(result as Observable, following);
    case 'stream':
      return followStream(result as EventEmitter, following);
    case 'lazy':
      return followIteration(result as object, following);
    case 'plain':
      settle();
      return result;
  }
}
