import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import { isThreadImpersonating } from '../../flow/identity';
import { ImpersonationError } from '../../internal/error';
import { currentFlow } from '../../internal/flow-store';
import { guardMethod } from '../router';

const names = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const;
const syncNames = ['spawnSync', 'execSync', 'execFileSync'] as const;

/** Calls `before` with the name of the function whenever a function that starts programs is called. */
export function wrapChildProcess(
  before: (name: string) => void,
  functions: readonly (typeof names)[number][] = names,
): void {
  for (const name of functions) {
    guardMethod(childProcess, name, () => before(name));
  }
  syncBuiltinESMExports();
}

function throwInScope(options?: unknown): void {
  if (!isThreadImpersonating()) return;
  const { uid, gid } = (typeof options === 'object' && options !== null ? options : {}) as Record<
    string,
    unknown
  >;
  // A separate check: only the process may choose the user of a program, whatever is allowed in a scope.
  if (uid != null || gid != null) {
    throw new ImpersonationError(
      'A program cannot be given a uid or gid while the thread impersonates: ' +
        'start it outside of the scope, or as the process in withoutToken()',
      'ERR_CHILD_PROCESS_IN_SCOPE',
    );
  }
  throw new ImpersonationError(
    'A program that is started while the thread impersonates would not run as the user only: ' +
      'start it outside of the scope, or as the process in withoutToken()',
    'ERR_CHILD_PROCESS_IN_SCOPE',
  );
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
 * Makes programs that are started inside a scope throw ERR_CHILD_PROCESS_IN_SCOPE. On Windows such a program would get
 * the process's token. On Linux it would have a real uid that is not the user's, or all capabilities if the user is
 * root, even if the token has fewer. The check is where node passes the program to the system, so that it covers every
 * function of node:child_process, also those taken from it before.
 */
export function guardChildProcesses(): void {
  guardMethod(childProcess.ChildProcess.prototype, 'spawn', throwInScope);
  const { Process } = (bindingOf('process_wrap') ?? {}) as { Process?: { prototype: object } };
  if (Process) guardMethod(Process.prototype, 'spawn', throwInScope);
  const sync = bindingOf('spawn_sync');
  if (sync) guardMethod(sync, 'spawn', throwInScope);
  else wrapChildProcess(() => throwInScope(), syncNames);
  // Node 22.15 and later: execve() replaces this process by the program.
  if ('execve' in process) guardMethod(process, 'execve', () => throwInScope());
}

let warned = false;

/** Warns once if a program is started inside a flow, because it runs as the process. */
export function warnOfChildProcesses(): void {
  wrapChildProcess((name) => {
    // In a scope it throws, see `guardChildProcesses`.
    if (warned || isThreadImpersonating() || !currentFlow()) return;
    warned = true;
    process.emitWarning(
      `child_process.${name}() inside a flow starts the program as the process, not as the flow's user`,
      {
        type: 'ImpersonationWarning',
        code: 'IMPERSONATE_CHILD_PROCESS_AS_PROCESS',
        detail: 'If that is intended, call it in withoutToken(). This warning is printed once.',
      },
    );
  });
}
