import { syncBuiltinESMExports } from 'node:module';
import { native } from '../../internal/binding';
import { forgetProcessPrincipal } from '../../token/principal';
import { forgetProcessToken } from '../../token/token';
import { replaceMethod } from '../router';

const names = ['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'] as const;

/**
 * process.setuid and its kin change every thread. While one of them impersonates the C library would find the
 * threads disagreeing and abort, or the scope would get root back: they throw ERR_SCOPE_ACTIVE instead. Between
 * scopes they work as ever.
 */
export function guardCredentials(): void {
  for (const name of names) {
    // Absent on workers.
    if (!(name in process)) continue;
    replaceMethod(process, name, (original, receiver, args) => {
      native.changeCredentials(() => {
        Reflect.apply(original, receiver, args);
      });
      forgetProcessToken();
      forgetProcessPrincipal();
    });
  }
  syncBuiltinESMExports();
}

const namesPackage = (text: string | undefined): boolean => /\bimpersonate\b/.test(text ?? '');

/**
 * A program with more rights than whoever started it, as a node with file capabilities is, ignores NODE_OPTIONS without a
 * word: warns once if it names this package, which has not been loaded that way then.
 */
export function warnOfNodeOptions(): void {
  if (!native.secureExecution || !namesPackage(process.env.NODE_OPTIONS)) return;
  if (process.execArgv.some(namesPackage)) return;
  process.emitWarning(
    'NODE_OPTIONS names impersonate, and this node ignores it: its file has capabilities (setcap)',
    {
      type: 'ImpersonationWarning',
      code: 'IMPERSONATE_NODE_OPTIONS_IGNORED',
      detail:
        'Start it as `node --import impersonate/register`, or give the service AmbientCapabilities instead of setcap.',
    },
  );
}
