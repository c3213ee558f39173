import Module from 'node:module';
import { asThread, isForeignToThread } from '../flow/identity';
import { pass } from './gate';
import { mendModule } from './packages/known';
import { type AnyFunction, withPropertiesOf } from './router';

/** Returns a function that calls `original` under the identity of the thread, outside of flows and scopes. */
function asThreadFunction(original: AnyFunction): AnyFunction {
  return withPropertiesOf(original, function (...args) {
    const call = (): unknown => Reflect.apply(original, this, args);
    return isForeignToThread() ? asThread(call) : pass(call);
  });
}

const functions = Module as unknown as Record<string, AnyFunction | undefined>;

/**
 * Makes modules load and run under the identity of the thread. They are shared by all flows of the thread, whichever
 * flow needs them first. CommonJS, and programs' hooks that compile modules, use the public functions of node:fs.
 */
export function routeModules(): void {
  for (const name of ['_load', '_resolveFilename']) {
    const original = functions[name];
    if (original) functions[name] = asThreadFunction(original);
  }
  // Covers code that holds node's own _load(), and loaders that do not call it.
  const { prototype } = Module as unknown as { prototype: { load: AnyFunction } };
  const { load } = prototype;
  prototype.load = asThreadFunction(
    withPropertiesOf(load, function (...args) {
      const result = Reflect.apply(load, this, args);
      mendModule(this as NodeJS.Module);
      return result;
    }),
  );
  const { register, registerHooks } = functions;
  // Starts a thread of node's own.
  if (register) functions.register = asThreadFunction(register);
  if (!registerHooks) return;
  functions.registerHooks = withPropertiesOf(registerHooks, function (hooks, ...rest) {
    const given = hooks as Record<string, unknown>;
    const wrapped = Object.fromEntries(
      Object.entries(given).map(([name, hook]) => [
        name,
        typeof hook === 'function' ? asThreadFunction(hook as AnyFunction) : hook,
      ]),
    );
    return Reflect.apply(registerHooks, this, [wrapped, ...rest]);
  });
}
