import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { native } from '../binding';

/**
 * On Linux a thread is born with its creator's identity and keeps it: a Worker that is started inside a scope
 * is started as the process.
 */
export function guardWorkers(): void {
  const guarded: typeof workerThreads.Worker = new Proxy(workerThreads.Worker, {
    construct(target, args, newTarget) {
      const constructed = newTarget === guarded ? target : newTarget;
      return native.runAtBaseline(() => Reflect.construct(target, args, constructed) as object);
    },
  });
  workerThreads.Worker = guarded;
  syncBuiltinESMExports();
}
