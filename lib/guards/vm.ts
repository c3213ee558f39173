import { Script } from 'node:vm';
import { native } from '../binding';

const names = ['runInContext', 'runInThisContext'] as const;

/** Whether node may end the script, in whatever it calls, without a `finally` block being run. */
function isInterruptible(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false;
  return ('timeout' in options && options.timeout !== undefined) || 'breakOnSigint' in options;
}

/**
 * A script that is ended by a time-out passes over the end of the scopes that were opened in it: they are left before
 * whoever has started the script goes on. All functions of node:vm that run scripts use these two.
 */
export function guardScripts(): void {
  for (const name of names) {
    const scripts = Script.prototype as unknown as Record<typeof name, (...args: unknown[]) => unknown>;
    scripts[name] = new Proxy(scripts[name], {
      apply(target, receiver: unknown, args) {
        const call = (): unknown => Reflect.apply(target, receiver, args);
        const options: unknown = name === 'runInContext' ? args[1] : args[0];
        return isInterruptible(options) ? native.callInterruptible(call) : call();
      },
    });
  }
}
