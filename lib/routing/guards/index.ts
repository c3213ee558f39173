import { native } from '../../internal/binding';
import { guardMicrotasks, installExitGuards } from '../../scope/leak-detector';
import { guardChildProcesses } from './child-process';
import { guardHttpAgents } from './http-agents';
import { guardLazyParts } from './lazy';
import { guardProcessEvents } from './process-events';
import { guardRefused } from './refused';
import { guardSockets } from './sockets';
import { guardRequests } from './requests';
import { guardThreads } from './threads';
import { guardScripts } from './vm';

/**
 * Installs the guards against functions of node that would lose an identity, or pass it on, on a thread that is about to
 * have its first token.
 */
export function installGuards(): void {
  // The guards of the leak detector are the outer ones.
  guardProcessEvents();
  installExitGuards();
  guardMicrotasks();
  if (native.port === 'unsupported') return;
  guardScripts();
  guardChildProcesses();
  guardLazyParts();
  guardSockets();
  guardHttpAgents();
  guardRefused();
  guardThreads();
  guardRequests();
}
