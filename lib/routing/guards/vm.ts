import vm, { Script } from 'node:vm';
import { native } from '../../internal/binding';
import { reportLeak } from '../../scope/leak-report';
import { scopeDepth } from '../../scope/state';
import { replaceMethod } from '../router';

const names = ['runInContext', 'runInThisContext'] as const;

/** Whether node may end the script, in whatever it calls, without a `finally` block being run. */
function isInterruptible(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  // Not by its value: node reads an accessor once more.
  return 'timeout' in options || 'breakOnSigint' in options;
}

/** What all modules of node:vm inherit from, where node has them (--experimental-vm-modules). */
function modulePrototype(): object | undefined {
  const { SourceTextModule } = vm as { SourceTextModule?: { prototype: object } };
  return SourceTextModule && (Object.getPrototypeOf(SourceTextModule.prototype) as object);
}

/**
 * A module runs up to its first `await` in evaluate(), which may have a time-out, too, and tells of it by a promise: a
 * scope that is open then ends the process.
 */
function guardModules(): void {
  const modules = modulePrototype();
  if (!modules) return;
  replaceMethod(modules, 'evaluate', (evaluate, receiver, args) => {
    const depth = scopeDepth();
    const result = Reflect.apply(evaluate, receiver, args);
    if (scopeDepth() !== depth) reportLeak('when a module of node:vm had been evaluated');
    return result;
  });
}

/**
 * A script that is ended by a time-out passes over the end of the scopes that were opened in it: they are left before
 * whoever has started the script goes on. All functions of node:vm that run scripts use these two.
 */
export function guardScripts(): void {
  for (const name of names) {
    replaceMethod(Script.prototype, name, (original, receiver, args) => {
      const call = (): unknown => Reflect.apply(original, receiver, args);
      const options = name === 'runInContext' ? args[1] : args[0];
      return isInterruptible(options) ? native.callInterruptible(call) : call();
    });
  }
  guardModules();
}
