import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { native } from '../binding';

type WorkerClass = typeof workerThreads.Worker;

/** The class, with its threads started as the process, whatever the starting thread acts as. */
export function startedAsProcess(worker: WorkerClass): WorkerClass {
  const guarded: WorkerClass = new Proxy(worker, {
    construct(target, args, newTarget) {
      const constructed = newTarget === guarded ? target : newTarget;
      return native.runAtBaseline(() => Reflect.construct(target, args, constructed) as object);
    },
  });
  return guarded;
}

/**
 * A Worker that is started inside a scope is started as the process: on Linux a thread is born with its creator's
 * identity and keeps it, and on Windows the creator's token may say who can open the thread.
 */
export function guardWorkers(): void {
  workerThreads.Worker = startedAsProcess(workerThreads.Worker);
  syncBuiltinESMExports();
}
