import { createRequire, syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import { native } from '../../internal/binding';
import { unknownForm } from '../../fs/stat';
import { isThreadImpersonating } from '../../flow/identity';
import { reportLeak } from '../../scope/leak-report';
import { scopeDepth } from '../../scope/state';
import { replaceMethod } from '../router';

type AnyFunction = (...args: unknown[]) => unknown;
interface SessionClass {
  readonly prototype: { post: AnyFunction };
}

/** For what not every node and not every thread has. */
const load = createRequire(__filename);

/** Thrown to end the construction of a Worker before its thread starts. */
const stop = new Error('not started');

/**
 * The prototype of node's own handle of a worker thread. Whichever class makes the worker, its startThread() starts the
 * thread. Learned from a worker that is not started; undefined where node lets none be made.
 */
function workerHandle(): object | undefined {
  let found: object | undefined;
  const prototype = new Proxy(Worker.prototype, {
    set(target, key, value: unknown, receiver) {
      if (typeof (value as { startThread?: unknown } | undefined)?.startThread !== 'function') {
        return Reflect.set(target, key, value, receiver);
      }
      found = Object.getPrototypeOf(value) as object;
      throw stop;
    },
  });
  // eslint-disable-next-line @typescript-eslint/no-empty-function -- only its prototype matters
  const unstarted = Object.assign(function Unstarted() {}, { prototype });
  try {
    Reflect.construct(Worker, ['', { eval: true }], unstarted);
  } catch (error) {
    if (error !== stop) return undefined;
  }
  if (!found) throw unknownForm('Worker');
  return found;
}

function startAtBaseline(object: object | undefined, name: string): void {
  if (!object || typeof Reflect.get(object, name) !== 'function') return;
  replaceMethod(object, name, (original, receiver, args) =>
    native.runAtBaseline(() => Reflect.apply(original, receiver, args)),
  );
}

/** Commands of the inspector that start a thread. */
const starting = new Set<unknown>(['Profiler.start', 'NodeTracing.start']);

/** Calls Session.post() for one of these. Nothing of the caller's runs meanwhile: neither a getter nor the callback. */
function postAtBaseline(post: AnyFunction, session: unknown, [method, ...rest]: unknown[]): void {
  let answer: (() => unknown) | undefined;
  let isStarting = true;
  const given = rest.map((arg) => {
    if (typeof arg !== 'function')
      return arg === undefined ? arg : (JSON.parse(JSON.stringify(arg)) as unknown);
    return (...results: unknown[]) => {
      const call = (): unknown => Reflect.apply(arg, session, results);
      if (isStarting) answer = call;
      else call();
    };
  });
  native.runAtBaseline(() => Reflect.apply(post, session, [method, ...given]));
  isStarting = false;
  answer?.();
}

function guardSessions(Session: SessionClass): void {
  replaceMethod(Session.prototype, 'post', (post, session, args) => {
    if (starting.has(args[0]) && isThreadImpersonating()) {
      postAtBaseline(post, session, args);
      return undefined;
    }
    const depth = scopeDepth();
    const result = Reflect.apply(post, session, args);
    // Runtime.evaluate can have a time limit, which passes over the end of the scopes in what it evaluates.
    if (scopeDepth() !== depth) reportLeak('when the inspector had evaluated code');
    return result;
  });
}

/** console.profile(), which the inspector has while a session has enabled its profiler. */
function guardConsole(object: object): void {
  if (typeof Reflect.get(object, 'profile') !== 'function') return;
  replaceMethod(object, 'profile', (profile, receiver, args) => {
    const labels = args.map(String);
    return native.runAtBaseline(() => Reflect.apply(profile, receiver, labels));
  });
}

function guardInspector(): void {
  // Node can be built without it.
  if (!process.features.inspector) return;
  const inspector = load('node:inspector') as { Session: SessionClass; console: object };
  const promises = load('node:inspector/promises') as { Session: SessionClass };
  startAtBaseline(inspector, 'open');
  guardSessions(inspector.Session);
  promises.Session.prototype.post = promisify(inspector.Session.prototype.post);
  guardConsole(console);
  guardConsole(inspector.console);
}

function tracingPrototype(): object | undefined {
  try {
    const { createTracing } = load('node:trace_events') as {
      createTracing: (options: object) => object;
    };
    return Object.getPrototypeOf(createTracing({ categories: ['node'] })) as object;
  } catch {
    // A worker has none, nor has a node that is built without it.
    return undefined;
  }
}

/**
 * On Linux a thread is born with its creator's identity and keeps it, and on Windows the creator's token may say who can
 * open the thread. Threads that Node starts inside a scope are
 * started as the process: Workers, of whichever class and whenever it was taken from node:worker_threads, the thread of
 * `module.register()`, and those of the inspector, its profiler and traces.
 */
export function guardThreads(): void {
  startAtBaseline(workerHandle(), 'startThread');
  startAtBaseline(tracingPrototype(), 'enable');
  startAtBaseline(v8, 'startCpuProfile');
  guardInspector();
  syncBuiltinESMExports();
}
