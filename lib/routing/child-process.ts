import { wrapChildProcess } from './guards/child-process';
import { currentFlow } from '../internal/flow-store';
import { isThreadImpersonating } from '../flow/impersonating';

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
