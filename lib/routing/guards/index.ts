import { native } from '../../internal/binding';
import { guardMicrotasks, installExitGuards } from '../../scope/leak-detector';
import { guardAccess } from './access';
import { guardChildProcesses } from './child-process';
import { guardCredentials, warnOfNodeOptions } from './credentials';
import { guardLazyParts } from './lazy';
import { guardProcessEvents } from './process-events';
import { guardThreads } from './threads';
import { guardScripts } from './vm';

/** Installs the guards of this platform against functions of node that would lose an identity, or pass it on. */
export function installGuards(): void {
  // The guards of the leak detector are the outer ones.
  guardProcessEvents();
  installExitGuards();
  guardMicrotasks();
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
