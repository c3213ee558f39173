import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { isThreadImpersonating } from '../../flow/identity';
import { ImpersonationError } from '../../internal/error';
import { currentFlow } from '../../internal/flow-store';
import { guardMethod } from '../router';

const names = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const;
const syncNames = ['spawnSync', 'execSync', 'execFileSync'] as const;

/** Has `before` called with its name whenever one of the functions that start programs is. */
export function wrapChildProcess(
  before: (name: string) => void,
  functions: readonly (typeof names)[number][] = names,
): void {
  for (const name of functions) {
    guardMethod(childProcess, name, () => before(name));
  }
  syncBuiltinESMExports();
}

function refuseProgram(options?: unknown): void {
  if (!isThreadImpersonating()) return;
  const { uid, gid } = (typeof options === 'object' && options !== null ? options : {}) as Record<
    string,
    unknown
  >;
  // Of its own, whatever becomes of programs in a scope: only the process may choose who a program is.
  if (uid != null || gid != null) {
    throw new ImpersonationError(
      'A program cannot be given a uid or gid where the thread impersonates: only the process may choose them, ' +
        'outside or inside withoutToken()',
      'ERR_CHILD_PROCESS_IN_SCOPE',
    );
  }
  throw new ImpersonationError(
    'A program started where the thread impersonates would not be the user alone: ' +
      'start it outside, or inside withoutToken() as the process',
    'ERR_CHILD_PROCESS_IN_SCOPE',
  );
}

/** Node's binding of that name; undefined under --permission, and where a later version has none. */
function bindingOf(name: string): Record<string, unknown> | undefined {
  try {
    return (process as unknown as { binding(name: string): Record<string, unknown> }).binding(name);
  } catch {
    return undefined;
  }
}

/**
 * A program that is started inside a scope would get the process's token on Windows, and on Linux a real uid that is not
 * the user's, or all capabilities if the user is root, whatever the token has of them. It is refused with
 * ERR_CHILD_PROCESS_IN_SCOPE where Node hands it to the system, so that it does not matter which function was called, nor
 * when it was taken from node:child_process.
 */
export function guardChildProcesses(): void {
  guardMethod(childProcess.ChildProcess.prototype, 'spawn', refuseProgram);
  const { Process } = (bindingOf('process_wrap') ?? {}) as { Process?: { prototype: object } };
  if (Process) guardMethod(Process.prototype, 'spawn', refuseProgram);
  const sync = bindingOf('spawn_sync');
  if (sync) guardMethod(sync, 'spawn', refuseProgram);
  else wrapChildProcess(() => refuseProgram(), syncNames);
  // Node 22.15 and later: the program takes the place of this one.
  if ('execve' in process) guardMethod(process, 'execve', () => refuseProgram());
}

let warned = false;

/** Says once that what child_process starts inside a flow is not the user's. */
export function warnOfChildProcesses(): void {
  wrapChildProcess((name) => {
    // In a scope it throws ERR_CHILD_PROCESS_IN_SCOPE: guards/child-process.ts.
    if (warned || isThreadImpersonating() || !currentFlow()) return;
    warned = true;
    process.emitWarning(
      `child_process.${name}() inside a flow starts the program as the process, not as the flow's user`,
      {
        type: 'ImpersonationWarning',
        code: 'IMPERSONATE_CHILD_PROCESS_AS_PROCESS',
        detail: 'Call it in withoutToken() if that is meant. Further calls are not warned of.',
      },
    );
  });
}
