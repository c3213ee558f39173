// The first file of an ImpersonatedWorker's thread: takes the identity on, and only then runs the caller's code, as
// Node itself would. If that fails, so does this file, and with it the worker.
import Module, { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import workerThreads from 'node:worker_threads';
import { native } from '../internal/binding';
import { newFlow, setThreadFlow } from '../internal/flow-store';
import { installRouting } from '../routing/install';
import { Token } from '../unrouted';
import type { WorkerStart } from './impersonated-worker';

/** What node's loader has always had, and its types do not. */
interface Loader {
  new (id: string): { filename: string; paths: string[]; _compile(code: string, filename: string): unknown };
  _nodeModulePaths(folder: string): string[];
  /** Runs a file as the program's main module, CommonJS or ES. */
  runMain(file: string): void;
}
const loader = Module as unknown as Loader;

function pin(ticket: string): void {
  const token = Token.claim(ticket);
  const tokenRef = token.ref();
  native.pinThread(tokenRef.id);
  setThreadFlow(newFlow(token, tokenRef));
}

function showStart({ argv, workerData }: WorkerStart): void {
  process.argv.splice(1, 1, ...argv);
  Reflect.set(workerThreads, 'workerData', workerData);
  syncBuiltinESMExports();
}

/** As a module in the current folder. */
function runCode(code: string): void {
  const folder = process.cwd();
  const module = new loader('[worker eval]');
  module.filename = path.join(folder, '[worker eval]');
  module.paths = loader._nodeModulePaths(folder);
  module._compile(code, module.filename);
}

const start = workerThreads.workerData as WorkerStart;
if (start.routed) installRouting();
pin(start.ticket);
showStart(start);
if ('file' in start.entry) loader.runMain(start.entry.file);
else runCode(start.entry.code);
