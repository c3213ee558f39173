import { native } from '../../internal/binding';
import { guardAccess } from './access';
import { guardChildProcesses } from './child-process';
import { guardCredentials } from './credentials';
import { guardLazyParts } from './lazy';
import { warnOfNodeOptions } from './credentials';
import { guardThreads } from './threads';
import { guardScripts } from './vm';

/** Closes the ways by which Node itself would lose or spread an identity on this platform. */
export function installGuards(): void {
  if (native.port === 'unsupported') return;
  guardScripts();
  guardChildProcesses();
  guardLazyParts();
  guardThreads();
  if (native.port !== 'linux') return;
  guardAccess();
  guardCredentials();
  warnOfNodeOptions();
}
