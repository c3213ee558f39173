import { native } from '../../internal/binding';
import { guardAccess } from './access';
import { guardChildProcesses } from './child-process';
import { guardCredentials, warnOfNodeOptions } from './credentials';
import { guardLazyParts } from './lazy';
import { guardThreads } from './threads';
import { guardScripts } from './vm';

/** Installs the guards of this platform against functions of node that would lose an identity, or pass it on. */
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
