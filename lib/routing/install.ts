import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { opens } from '../fs/node-fs';
import { beforeFirstToken, deferred } from '../internal/deferred';
import { pass, refusalOf, whenSealed } from './gate';
import { bindGracefulQueue } from './packages/graceful-fs';
import { routeWorkers } from '../worker/impersonated-worker';
import { warnOfModulesBefore } from './loaded-before';
import { routeModules } from './modules';
import { mendImports, mendModulesBefore } from './packages/known';
import { routeProcessFiles } from './process-files';
import { type AnyFunction, type Router, notRoutableClass, untouched, withPropertiesOf } from './router';
import { routeSqlite } from './sqlite';
import { stream } from './streams';
import { routeWasi } from './wasi';

/** What precedes a function's name in messages. */
type Prefix = 'fs.' | 'fs.promises.';

type WithNative = AnyFunction & { readonly native?: AnyFunction };

/** Returns a function that calls `inner`, and on a sealed thread fails without a token, as node's function would. */
const sealedFunction = (name: string, inner: AnyFunction, called: AnyFunction): AnyFunction =>
  function (...args) {
    const refusal = refusalOf(name, args, called);
    return refusal ? deferred().failureOf(name, args, refusal) : pass(() => Reflect.apply(inner, this, args));
  };

/** What programs call in place of one of node's functions. */
interface Replacement {
  readonly called: AnyFunction;
  /** Has the replacement call the routed function from now on, in place of node's. */
  readonly route: (routed: AnyFunction) => void;
  /** Has the replacement fail for calls that a sealed thread may not make. */
  readonly seal: (name: string) => void;
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
  const seal = (name: string): void => {
    current = sealedFunction(name, current, called);
    variant?.seal(`${name}.native`);
  };
  return { called, route, seal };
}

const streams = new Set(['ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream']);

/** Returns what replaces an export. Functions are routed before the thread has its first token. */
function replace(prefix: Prefix, name: string, value: unknown, router: () => Router): unknown {
  if (typeof value !== 'function') return value;
  const original = value as AnyFunction;
  if (streams.has(name)) return stream(name, original, original);
  if (/^[A-Z]/.test(name)) return notRoutableClass(name, original, original);
  const { called, route, seal } = replacementOf(original);
  beforeFirstToken(() => {
    route(router()(name, original, called));
  });
  whenSealed(() => {
    seal(prefix + name);
  });
  return called;
}

/**
 * Replaces the value of a getter when it is first read, because node loads some values on first use. Some of node's
 * getters put a property with their value in their own place then.
 */
function replaceLazily(
  target: object,
  prefix: Prefix,
  name: string,
  descriptor: PropertyDescriptor,
  router: () => Router,
): void {
  let known: { original: unknown; replacement: unknown } | undefined;
  const get = function (this: unknown): unknown {
    const original: unknown = descriptor.get?.call(this);
    if (known?.original !== original)
      known = { original, replacement: replace(prefix, name, original, router) };
    const value = known?.replacement;
    const present = Object.getOwnPropertyDescriptor(target, name);
    if (present && 'value' in present) Object.defineProperty(target, name, { ...present, value });
    return value;
  };
  Object.defineProperty(target, name, { ...descriptor, get });
}

function replaceAll(target: object, prefix: Prefix, router: () => Router): void {
  const exported = target as Record<string, unknown>;
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(target))) {
    // Reading some of these prints a warning.
    if (untouched.includes(name)) continue;
    if (descriptor.get && !(descriptor.set && streams.has(name))) {
      replaceLazily(target, prefix, name, descriptor, router);
    } else {
      exported[name] = replace(prefix, name, exported[name], router);
    }
  }
}

let installed = false;

/** Replaces the functions of node:fs with routed ones for all modules of this thread. Further calls do nothing. */
export function installRouting(): void {
  if (installed) return;
  installed = true;
  replaceAll(fs, 'fs.', () => deferred().routeFunction);
  opens.add(fs.open);
  replaceAll(fs.promises, 'fs.promises.', () => deferred().routePromise);
  routeModules();
  routeProcessFiles();
  routeSqlite();
  routeWasi();
  routeWorkers();
  bindGracefulQueue();
  mendModulesBefore();
  mendImports();
  syncBuiltinESMExports();
  warnOfModulesBefore();
}
