import { native } from '../../internal/binding';

const names = (text: string | undefined): boolean => /\bimpersonate\b/.test(text ?? '');

/**
 * A program with more rights than whoever started it, as a node with file capabilities is, ignores NODE_OPTIONS without a
 * word: warns once if it names this package, which has not been loaded that way then.
 */
export function warnOfNodeOptions(): void {
  if (!native.secureExecution || !names(process.env.NODE_OPTIONS)) return;
  if (process.execArgv.some(names)) return;
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
