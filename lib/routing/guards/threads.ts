import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import { native } from '../../internal/binding';
import { unsupportedNodeError } from '../../fs/stat';
import { hasIdentity, isThreadImpersonating } from '../../flow/identity';
import { ImpersonationError } from '../../internal/error';
import { nodeRequire } from '../../internal/own-folder';
import { reportLeak } from '../../scope/leak-report';
import { scopeDepth } from '../../scope/state';
import { isStartingOwn } from '../../worker/impersonated-worker';
import { requireToken } from '../gate';
import { replaceMethod } from '../router';
import { workerInFlowError } from './child-process';

type AnyFunction = (...args: unknown[]) => unknown;
interface SessionClass {
  readonly prototype: { post: AnyFunction };
}

/** Thrown to stop the construction of a Worker before its thread starts. */
const stop = new Error('not started');

/**
 * Returns the prototype of node's internal handle of a worker thread, whose startThread() every Worker class uses. It
 * is taken from a Worker that is not started; undefined if node does not allow Workers.
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
  if (!found) throw unsupportedNodeError('Worker');
  return found;
}

/** Makes `object[name]` run as the process. */
function startAtBaseline(object: object | undefined, name: string): void {
  if (!object || typeof Reflect.get(object, name) !== 'function') return;
  replaceMethod(object, name, (original, receiver, args) =>
    native.runAtBaseline(() => Reflect.apply(original, receiver, args)),
  );
}

/** Makes Workers that would act as the process, of every class, throw in flows and scopes. */
function guardWorkers(): void {
  const handle = workerHandle();
  if (!handle) return;
  replaceMethod(handle, 'startThread', (start, receiver, args) => {
    if (hasIdentity() && !isStartingOwn()) throw workerInFlowError('A Worker');
    if (!isStartingOwn()) requireToken('worker_threads.Worker');
    return native.runAtBaseline(() => Reflect.apply(start, receiver, args));
  });
}

/** Commands of the inspector that start a thread. */
const starting = new Set<unknown>(['Profiler.start', 'NodeTracing.start']);

/**
 * Calls Session.post() for one of these commands as the process. The caller's code, such as getters and the callback,
 * does not run during that.
 */
function postAtBaseline(post: AnyFunction, session: unknown, [method, ...rest]: unknown[]): void {
  let callback: (() => unknown) | undefined;
  let isStarting = true;
  const given = rest.map((arg) => {
    if (typeof arg !== 'function')
      return arg === undefined ? arg : (JSON.parse(JSON.stringify(arg)) as unknown);
    return (...results: unknown[]) => {
      const call = (): unknown => Reflect.apply(arg, session, results);
      if (isStarting) callback = call;
      else call();
    };
  });
  native.runAtBaseline(() => Reflect.apply(post, session, [method, ...given]));
  isStarting = false;
  callback?.();
}

/** Whether the console has been frozen, as by `node --frozen-intrinsics`, and console.profile() is not guarded. */
let isConsoleFrozen = false;

function requireGuardedConsole(method: unknown): void {
  if (method !== 'Profiler.enable' || !isConsoleFrozen) return;
  throw new ImpersonationError(
    'The console is frozen, and its function profile() could start a thread as a user: start node without --frozen-intrinsics, or use --cpu-prof',
    'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  );
}

function guardSessions(Session: SessionClass): void {
  replaceMethod(Session.prototype, 'post', (post, session, args) => {
    requireGuardedConsole(args[0]);
    if (starting.has(args[0]) && isThreadImpersonating()) {
      postAtBaseline(post, session, args);
      return undefined;
    }
    const depth = scopeDepth();
    const result = Reflect.apply(post, session, args);
    // Runtime.evaluate can have a time limit, which ends the code without closing its scopes.
    if (scopeDepth() !== depth) reportLeak('when the inspector had evaluated code');
    return result;
  });
}

/** Guards console.profile(), which starts a thread while a session of the inspector has enabled the profiler. */
function guardConsole(object: object): void {
  if (typeof Reflect.get(object, 'profile') !== 'function') return;
  if (Object.isFrozen(object)) {
    isConsoleFrozen = true;
    return;
  }
  replaceMethod(object, 'profile', (profile, receiver, args) => {
    const labels = args.map(String);
    return native.runAtBaseline(() => Reflect.apply(profile, receiver, labels));
  });
}

function guardInspector(): void {
  // Some builds of node have no inspector, and an import of it would throw there.
  if (!process.features.inspector) return;
  const inspector = nodeRequire('node:inspector') as { Session: SessionClass; console: object };
  const promises = nodeRequire('node:inspector/promises') as { Session: SessionClass };
  startAtBaseline(inspector, 'open');
  guardSessions(inspector.Session);
  promises.Session.prototype.post = promisify(inspector.Session.prototype.post);
  guardConsole(console);
  guardConsole(inspector.console);
}

function tracingPrototype(): object | undefined {
  try {
    const { createTracing } = nodeRequire('node:trace_events') as {
      createTracing: (options: object) => object;
    };
    return Object.getPrototypeOf(createTracing({ categories: ['node'] })) as object;
  } catch {
    // Workers, and some builds of node, have no trace events.
    return undefined;
  }
}

/**
 * Makes threads that node starts inside a scope start as the process: an ImpersonatedWorker, which switches by itself,
 * and those of the inspector, its profiler and traces. Other Workers throw. On Linux a new thread inherits its
 * creator's identity and keeps it. On Windows the creator's token may decide who can open the thread.
 */
export function guardThreads(): void {
  guardWorkers();
  startAtBaseline(tracingPrototype(), 'enable');
  startAtBaseline(v8, 'startCpuProfile');
  guardInspector();
  syncBuiltinESMExports();
}
