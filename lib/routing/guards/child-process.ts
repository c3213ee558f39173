import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { hasIdentity } from '../../flow/identity';
import { ImpersonationError } from '../../internal/error';
import { requireToken } from '../gate';
import { guardMethod, notRoutedError } from '../router';

const syncNames = ['spawnSync', 'execSync', 'execFileSync'] as const;

/** The error of a thread, or of a process of a cluster, that would act as the process. */
export function workerInFlowError(what: string): ImpersonationError {
  return new ImpersonationError(
    `${what} that is started in a flow or scope would act as the process, and not as the user: use an ` +
      'ImpersonatedWorker, or start it in withoutToken()',
    'ERR_WORKER_IN_FLOW',
  );
}

interface SpawnOptions {
  readonly uid?: unknown;
  readonly gid?: unknown;
  readonly envPairs?: unknown;
}

/** Whether cluster.fork() starts the program. */
const isOfCluster = ({ envPairs }: SpawnOptions): boolean =>
  Array.isArray(envPairs) && envPairs.some((pair) => String(pair).startsWith('NODE_UNIQUE_ID='));

function refuseProgram(given?: unknown): void {
  const options = (typeof given === 'object' && given !== null ? given : {}) as SpawnOptions;
  requireToken(isOfCluster(options) ? 'cluster.fork' : 'child_process.spawn');
  if (!hasIdentity()) return;
  if (isOfCluster(options)) throw workerInFlowError('A worker of a cluster');
  // A separate check: only the process may choose the user of a program, whatever is allowed in a flow.
  const choosesUser = options.uid != null || options.gid != null;
  const reason = choosesUser
    ? 'and a uid or gid is for the process to give'
    : 'the program would run as the process';
  throw notRoutedError('spawn', reason, 'child_process.');
}

/** Returns an internal binding of node; undefined with --permission, and in versions without the binding. */
function bindingOf(name: string): Record<string, unknown> | undefined {
  try {
    return (process as unknown as { binding(name: string): Record<string, unknown> }).binding(name);
  } catch {
    return undefined;
  }
}

/**
 * Makes programs that are started in a flow or scope throw ERR_NOT_ROUTED. In a flow, and on Windows in a scope too, such
 * a program would get the process's token. In a scope on Linux it would have a real uid that is not the user's, or all
 * capabilities if the user is root, even if the token has fewer. The check is where node passes the program to the
 * system, so that it covers every function of node:child_process, also those taken from it before.
 */
export function guardChildProcesses(): void {
  guardMethod(childProcess.ChildProcess.prototype, 'spawn', refuseProgram);
  const { Process } = (bindingOf('process_wrap') ?? {}) as { Process?: { prototype: object } };
  if (Process) guardMethod(Process.prototype, 'spawn', refuseProgram);
  const sync = bindingOf('spawn_sync');
  if (sync) guardMethod(sync, 'spawn', refuseProgram);
  else for (const name of syncNames) guardMethod(childProcess, name, () => refuseProgram());
  syncBuiltinESMExports();
}
