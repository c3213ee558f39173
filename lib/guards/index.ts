import { native } from '../binding';
import { guardAccess } from './access';
import { guardChildProcesses } from './child-process';
import { guardCredentials } from './credentials';
import { warnOfNodeOptions } from './node-options';
import { guardScripts } from './vm';
import { guardWorkers } from './worker';

/** Closes the ways by which Node itself would lose or spread an identity on this platform. */
export function installGuards(): void {
  if (native.port === 'unsupported') return;
  guardScripts();
  guardChildProcesses();
  if (native.port !== 'linux') return;
  guardAccess();
  guardCredentials();
  guardWorkers();
  warnOfNodeOptions();
}
