import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { ImpersonationError } from '../error';
import { isThreadImpersonating } from '../impersonating';

const names = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const;

/** Has `before` called with its name whenever one of the functions that start programs is. */
export function wrapChildProcess(before: (name: string) => void): void {
  for (const name of names) {
    const original = childProcess[name] as (...args: unknown[]) => unknown;
    const guarded = new Proxy(original, {
      apply(target, receiver: unknown, args) {
        before(name);
        return Reflect.apply(target, receiver, args);
      },
    });
    Object.defineProperty(childProcess, name, {
      value: guarded,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  syncBuiltinESMExports();
}

/**
 * A program that is started inside a scope would get the process's token on Windows, and on Linux a real uid that is not
 * the user's: it is refused with ERR_CHILD_PROCESS_IN_SCOPE.
 */
export function guardChildProcesses(): void {
  wrapChildProcess((name) => {
    if (!isThreadImpersonating()) return;
    throw new ImpersonationError(
      `child_process.${name}() where the thread impersonates would not start the program as the user alone: start it outside, or inside withoutToken() as the process`,
      'ERR_CHILD_PROCESS_IN_SCOPE',
    );
  });
}
