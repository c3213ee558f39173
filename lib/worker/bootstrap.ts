// The first file that the thread of an ImpersonatedWorker runs. It switches the thread to the user, and then runs the
// caller's code as Node itself would. If the switch fails, this file throws, and the worker emits 'error'.
import Module, { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import workerThreads from 'node:worker_threads';
import { deferred } from '../internal/deferred';
import { installRouting } from '../routing/install';
import '../unrouted';
import type { WorkerStart } from './impersonated-worker';
import { pinThread } from './pinned-thread';

/** Members of Node's loader that its types lack. */
interface Loader {
  new (id: string): {
    exports: unknown;
    filename: string;
    paths: string[];
    _compile(code: string, filename: string): unknown;
  };
  _nodeModulePaths(folder: string): string[];
  /** Runs a file, CommonJS or ES, as the main module. */
  runMain(file: string): void;
}
const loader = Module as unknown as Loader;

/** Sets what the caller's code sees of the options that `new Worker()` got. */
function restoreOptions({ argv, workerData }: WorkerStart): void {
  process.argv.splice(1, 1, ...argv);
  Reflect.set(workerThreads, 'workerData', workerData);
  syncBuiltinESMExports();
}

/** Runs the code as a CommonJS module in the current folder, and returns its exports. */
function runCode(code: string): unknown {
  const folder = process.cwd();
  const module = new loader('[worker eval]');
  module.filename = path.join(folder, '[worker eval]');
  module.paths = loader._nodeModulePaths(folder);
  module._compile(code, module.filename);
  return module.exports;
}

/** Returns Node's own `import()`. In a bundle it would be the bundler's. */
const nodeImport = (): ((url: string) => Promise<object>) =>
  runCode('module.exports = (url) => import(url)') as (url: string) => Promise<object>;

const start = workerThreads.workerData as WorkerStart;
if (start.routed) installRouting();
pinThread(start.ticket);
restoreOptions(start);
if ('tasks' in start.entry) deferred().serveTasks(start.entry, nodeImport());
else if ('file' in start.entry) loader.runMain(start.entry.file);
else runCode(start.entry.code);
