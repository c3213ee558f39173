import { runInThisContext } from 'node:vm';
import { nodeRequire } from '../internal/own-folder';
import type { AnyFunction } from './router';

type Warn = typeof process.emitWarning;

/** A built-in module that is loaded before the program can take its classes. */
export interface EarlyModule {
  readonly exports: Record<string, unknown>;
  /** Emits the warnings of node about the module, the first time that it is called. */
  readonly warn: () => void;
}

/**
 * Loads a built-in module, so that its classes can be replaced before the program takes them; undefined if this node
 * does not have it. Node warns of an experimental module when it is loaded; here the warning waits until it is used.
 */
export function loadEarly(name: string): EarlyModule | undefined {
  // Jest gives modules a copy of `process`, but node uses its own.
  const real = (runInThisContext('globalThis.process') ?? process) as typeof process;
  const emitWarning: unknown = Reflect.get(real, 'emitWarning');
  let warnings: Parameters<Warn>[] = [];
  try {
    real.emitWarning = ((...args: Parameters<Warn>) => {
      warnings.push(args);
    }) as Warn;
    const exports = nodeRequire(name) as Record<string, unknown>;
    const warn = (): void => {
      const given = warnings;
      warnings = [];
      for (const args of given) process.emitWarning(...args);
    };
    return { exports, warn };
  } catch {
    return undefined;
  } finally {
    real.emitWarning = emitWarning as Warn;
  }
}

type Construct = (args: readonly unknown[], make: () => object) => object;

/** Replaces a class of node by one that passes its arguments and its constructor to `construct`. */
export function replaceClass(original: AnyFunction, construct: Construct): AnyFunction {
  const replacement: AnyFunction = new Proxy(original, {
    construct(target, args: unknown[], newTarget) {
      const made = newTarget === replacement ? target : newTarget;
      return construct(args, () => Reflect.construct(target, args, made) as object);
    },
  });
  (original.prototype as { constructor: unknown }).constructor = replacement;
  return replacement;
}
