import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { beforeFirstToken, deferred } from '../internal/deferred';
import { bindGracefulQueue } from './graceful-fs';
import { routeWorkers } from '../worker/impersonated-worker';
import { warnOfModulesBefore } from './loaded-before';
import { routeModules } from './modules';
import { routeProcessFiles } from './process-files';
import { type AnyFunction, type Router, notRoutableClass, untouched, withPropertiesOf } from './router';
import { routeSqlite } from './sqlite';
import { stream } from './streams';
import { routeWasi } from './wasi';

type WithNative = AnyFunction & { readonly native?: AnyFunction };

/** What programs call in place of one of node's functions. */
interface Replacement {
  readonly called: AnyFunction;
  /** Has the replacement call the routed function from now on, in place of node's. */
  readonly route: (routed: AnyFunction) => void;
}

function replacementOf(original: AnyFunction): Replacement {
  let current = original;
  const called = withPropertiesOf(original, function (...args) {
    return Reflect.apply(current, this, args);
  });
  const { native } = original as WithNative;
  const variant = native && replacementOf(native);
  if (variant) Object.assign(called, { native: variant.called });
  const route = (routed: AnyFunction): void => {
    current = routed;
    variant?.route((routed as WithNative).native ?? variant.called);
  };
  return { called, route };
}

const streams = new Set(['ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream']);

/** Returns what replaces an export. Functions are routed before the thread has its first token. */
function replace(name: string, value: unknown, router: () => Router): unknown {
  if (typeof value !== 'function') return value;
  const original = value as AnyFunction;
  if (streams.has(name)) return stream(name, original, original);
  if (/^[A-Z]/.test(name)) return notRoutableClass(name, original, original);
  const { called, route } = replacementOf(original);
  beforeFirstToken(() => {
    route(router()(name, original, called));
  });
  return called;
}

/**
 * Replaces the value of a getter when it is first read, because node loads some values on first use. Some of node's
 * getters put a property with their value in their own place then.
 */
function replaceLazily(
  target: object,
  name: string,
  descriptor: PropertyDescriptor,
  router: () => Router,
): void {
  let known: { original: unknown; replacement: unknown } | undefined;
  const get = function (this: unknown): unknown {
    const original: unknown = descriptor.get?.call(this);
    if (known?.original !== original) known = { original, replacement: replace(name, original, router) };
    const value = known?.replacement;
    const present = Object.getOwnPropertyDescriptor(target, name);
    if (present && 'value' in present) Object.defineProperty(target, name, { ...present, value });
    return value;
  };
  Object.defineProperty(target, name, { ...descriptor, get });
}

function replaceAll(target: object, router: () => Router): void {
  const exported = target as Record<string, unknown>;
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
    // Reading some of these prints a warning.
    if (untouched.includes(name)) continue;
    if (descriptor.get && !(descriptor.set && streams.has(name))) {
      replaceLazily(target, name, descriptor, router);
    } else {
      exported[name] = replace(name, exported[name], router);
    }
  }
}

let installed = false;

/** Replaces the functions of node:fs with routed ones for all modules of this thread. Further calls do nothing. */
export function installRouting(): void {
  if (installed) return;
  installed = true;
  replaceAll(fs, () => deferred().routeFunction);
  replaceAll(fs.promises, () => deferred().routePromise);
  routeModules();
  routeProcessFiles();
  routeSqlite();
  routeWasi();
  routeWorkers();
  bindGracefulQueue();
  syncBuiltinESMExports();
  warnOfModulesBefore();
}
