import { native } from '../../internal/binding';
import { forgetProcessPrincipal } from '../../token/principal';
import { forgetProcessToken } from '../../token/token';
import { replaceMethod } from '../router';

const names = ['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'] as const;

/**
 * Makes process.setuid() and similar functions throw ERR_SCOPE_ACTIVE while a thread impersonates. They change every
 * thread: the C library would abort because the threads' ids differ, or the scope would regain root. Between scopes
 * they work as in node.
 */
export function guardCredentials(): void {
  for (const name of names) {
    // On worker threads they are functions that throw, and are guarded as well.
    replaceMethod(process, name, (original, receiver, args) => {
      native.changeCredentials(() => {
        Reflect.apply(original, receiver, args);
      });
      forgetProcessToken();
      forgetProcessPrincipal();
    });
  }
}

const namesPackage = (text: string | undefined): boolean => /\bimpersonate\b/.test(text ?? '');

/**
 * Warns if NODE_OPTIONS names this package and node ignores it. Node does so without a message if its file has
 * capabilities, and the package is then not loaded first.
 */
export function warnOfNodeOptions(): void {
  if (!native.secureExecution || !namesPackage(process.env.NODE_OPTIONS)) return;
  if (process.execArgv.some(namesPackage)) return;
  process.emitWarning(
    'NODE_OPTIONS names impersonate, but Node.js ignores NODE_OPTIONS, because its file has capabilities (setcap)',
    {
      type: 'ImpersonationWarning',
      code: 'IMPERSONATE_NODE_OPTIONS_IGNORED',
      detail:
        'Start it as `node --import impersonate/register`, or give the service AmbientCapabilities instead of setcap.',
    },
  );
}
