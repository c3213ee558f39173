import vm, { Script } from 'node:vm';
import { native } from '../../internal/binding';
import { reportLeak } from '../../scope/leak-report';
import { scopeDepth } from '../../scope/state';
import { replaceMethod } from '../router';

const names = ['runInContext', 'runInThisContext'] as const;

/** Whether node may terminate the script, and everything it calls, without running `finally` blocks. */
function isInterruptible(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  // Checks only that the property exists, because node reads the value again and a getter could return another one.
  return 'timeout' in options || 'breakOnSigint' in options;
}

/** Returns the base prototype of the modules of node:vm; undefined without --experimental-vm-modules. */
function modulePrototype(): object | undefined {
  const { SourceTextModule } = vm as { SourceTextModule?: { prototype: object } };
  return SourceTextModule && (Object.getPrototypeOf(SourceTextModule.prototype) as object);
}

/**
 * Ends the process if a module of node:vm has left a scope open. evaluate() runs the module up to its first `await`,
 * may have a time limit, and reports it by a promise.
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
 * Closes the scopes that a script of node:vm has left open when a time limit terminated it, before its caller
 * continues. All functions of node:vm that run scripts use these two methods.
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
