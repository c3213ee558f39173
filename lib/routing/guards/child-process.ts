import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import type { TokenId } from '../../../types/native';
import type { ProgramUser } from '../../../types/native-program';
import { currentIdentity, hasIdentity } from '../../flow/identity';
import { ImpersonationError } from '../../internal/error';
import { withoutPrototype } from '../../internal/validate';
import { type NodeHandle, ProgramHandle } from '../../process/program-handle';
import { runProgram } from '../../process/run-program';
import { type NodeOptions, prepare, type Start, startOf } from '../../process/start';
import { refuseSync } from '../../process/token-methods';
import { requireToken } from '../gate';
import { type AnyFunction, guardMethod, notRoutedError, replaceMethod } from '../router';

const syncNames = ['spawnSync', 'execSync', 'execFileSync'] as const;

/** The error of a thread, or of a process of a cluster, that would act as the process. */
export function workerInFlowError(what: string): ImpersonationError {
  return new ImpersonationError(
    `${what} that is started in a flow or scope would act as the process, and not as the user: use an ` +
      'ImpersonatedWorker, or start it in withoutToken()',
    'ERR_WORKER_IN_FLOW',
  );
}

/** Whether cluster.fork() starts the program. */
const isOfCluster = ({ envPairs }: NodeOptions): boolean =>
  Array.isArray(envPairs) && envPairs.some((pair) => String(pair).startsWith('NODE_UNIQUE_ID='));

/** The process looks the program up, and may be its user itself (`netOnly`). */
function requireProcess(): void {
  requireToken('spawnWithLogon');
  if (hasIdentity()) throw notRoutedError('spawnWithLogon', 'the process starts the program', '');
}

/** Returns the user that a program is started as; undefined for one of the process. */
function userOf(options: NodeOptions, start: Start | undefined): ProgramUser | undefined {
  if (!start) requireToken(isOfCluster(options) ? 'cluster.fork' : 'child_process.spawn');
  else if (typeof start.user !== 'number') requireProcess();
  const user = start?.user ?? currentIdentity()?.tokenRef.id;
  if (user === undefined) return undefined;
  if (isOfCluster(options)) throw workerInFlowError('A worker of a cluster');
  // A separate check: only the process may choose the user of a program.
  const { uid, gid } = withoutPrototype({ ...start?.options, ...options });
  if (uid != null || gid != null)
    throw notRoutedError('spawn', 'a uid or gid is for the process to give', 'child_process.');
  return user;
}

/** Node's handle of a process has no other way to start a program, which would be the process's. */
function refuseHandle(given?: unknown): void {
  const options = (typeof given === 'object' && given !== null ? given : {}) as NodeOptions;
  requireToken('child_process.spawn');
  if (!hasIdentity()) return;
  if (isOfCluster(options)) throw workerInFlowError('A worker of a cluster');
  throw notRoutedError('spawn', "node's handle would start the program as the process", 'child_process.');
}

/** Node's class of handles of processes. */
interface HandleClass {
  readonly prototype: object;
  /** Its method without the guard. */
  readonly spawnOfHandle: AnyFunction;
}

/** Makes a ChildProcess start its program by a handle of this package in flows and scopes. */
function routeStarts({ prototype, spawnOfHandle }: HandleClass): void {
  const isOfNode = (handle: object): handle is NodeHandle => Object.getPrototypeOf(handle) === prototype;
  replaceMethod(childProcess.ChildProcess.prototype, 'spawn', (original, receiver, [given, ...rest]) => {
    // Node's error.
    if (typeof given !== 'object' || given === null)
      return Reflect.apply(original, receiver, [given, ...rest]);
    // A copy, so that what is checked is what is used. Node completes it.
    const options: NodeOptions & { envPairs?: unknown } = withoutPrototype(given);
    const start = startOf(options);
    const user = userOf(options, start);
    const child = receiver as { _handle?: NodeHandle | ProgramHandle | null };
    const { _handle: nodeHandle } = child;
    // Another handle is one that starts a program as the user already: node's own can start none here.
    if (user === undefined || !nodeHandle || !isOfNode(nodeHandle))
      return Reflect.apply(original, receiver, [given, ...rest]);
    const prepared = prepare(user, options, start);
    // Node reports any other value.
    if (options.envPairs === undefined || Array.isArray(options.envPairs))
      options.envPairs = typeof prepared === 'number' ? [] : (prepared.env ?? []);
    const handle = new ProgramHandle(nodeHandle, spawnOfHandle, user, prepared, options);
    child._handle = handle;
    try {
      return Reflect.apply(original, receiver, [options, ...rest]);
    } finally {
      // The next call may be another user's.
      if (!handle.isUsed) child._handle = nodeHandle;
    }
  });
}

/** Returns an internal binding of node; undefined with --permission, and in versions without the binding. */
function bindingOf(name: string): Record<string, unknown> | undefined {
  try {
    return (process as unknown as { binding(name: string): Record<string, unknown> }).binding(name);
  } catch {
    return undefined;
  }
}

/** Makes the functions that wait run their program as the user in flows and scopes. */
function routeSync(): void {
  const sync = bindingOf('spawn_sync');
  if (sync) {
    replaceMethod(sync, 'spawn', (original, receiver, args) => {
      const options: NodeOptions = withoutPrototype(args[0] ?? {});
      const start = startOf(options);
      const user = userOf(options, start);
      if (user === undefined) return Reflect.apply(original, receiver, args);
      // No function that waits starts programs with a logon.
      return runProgram(user as TokenId, options, start);
    });
    return;
  }
  const reason = 'with --permission node does not show how it starts programs';
  refuseSync(reason);
  for (const name of syncNames) {
    guardMethod(childProcess, name, () => {
      requireToken('child_process.spawn');
      if (hasIdentity()) throw notRoutedError(name, reason, 'child_process.');
    });
  }
}

/**
 * Makes programs that are started in a flow or scope run as the user. The guards are where node passes the program to the
 * system, so that they cover every function of node:child_process, also those taken from it before.
 */
export function guardChildProcesses(): void {
  const { _handle: handle } = new childProcess.ChildProcess() as unknown as { _handle: NodeHandle };
  const prototype = Object.getPrototypeOf(handle) as object;
  routeStarts({ prototype, spawnOfHandle: handle.spawn });
  guardMethod(prototype, 'spawn', refuseHandle);
  routeSync();
  syncBuiltinESMExports();
}
