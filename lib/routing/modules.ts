import Module from 'node:module';
import { asThread } from '../internal/as-process';
import { isForeignToThread } from '../flow/identity';
import { like, type AnyFunction } from './router';

function asOurselves(original: AnyFunction): AnyFunction {
  return like(original, function (...args) {
    return isForeignToThread()
      ? asThread(() => Reflect.apply(original, this, args))
      : Reflect.apply(original, this, args);
  });
}

const functions = Module as unknown as Record<string, AnyFunction | undefined>;

/**
 * Modules are the thread's, whoever asks for them first: CommonJS finds, reads and runs them with the public functions
 * of node:fs, and so do the hooks of a program that compiles them.
 */
export function routeModules(): void {
  for (const name of ['_load', '_resolveFilename']) {
    const original = functions[name];
    if (original) functions[name] = asOurselves(original);
  }
  // For who has kept node's own _load(), or does without.
  const { prototype } = Module as unknown as { prototype: { load: AnyFunction } };
  prototype.load = asOurselves(prototype.load);
  const { registerHooks } = functions;
  if (!registerHooks) return;
  functions.registerHooks = like(registerHooks, function (hooks, ...rest) {
    const given = hooks as Record<string, unknown>;
    const ours = Object.fromEntries(
      Object.entries(given).map(([name, hook]) => [
        name,
        typeof hook === 'function' ? asOurselves(hook as AnyFunction) : hook,
      ]),
    );
    return Reflect.apply(registerHooks, this, [ours, ...rest]);
  });
}
