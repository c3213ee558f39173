import path from 'node:path';
import { originals } from '../fs/node-fs';

const own = path.join(__dirname, '..', path.sep);
const ownDependency = /[\\/]node_modules[\\/]bindings[\\/]/;
const mostShown = 3;

/** Whether its code may have taken functions out of node:fs, which it could not without naming it. */
function mayHoldFunctions(file: string): boolean {
  if (/\.(json|node)$/.test(file) || file.startsWith(own) || ownDependency.test(file)) return false;
  try {
    return /\bfs\b/.test(originals.readFileSync(file, 'utf8'));
  } catch {
    return true;
  }
}

/**
 * Warns if CommonJS modules that name node:fs have been loaded on this thread already. A module whose code is still
 * running, as that of the one that loads this package is, does not count: it would warn every program. Functions that
 * an ES module has imported by name follow the routing.
 */
export function warnOfModulesBefore(): void {
  const files = Object.entries(require.cache)
    .filter(([file, module]) => module?.loaded && mayHoldFunctions(file))
    .map(([file]) => file);
  if (files.length === 0) return;
  const more = files.length > mostShown ? `, and ${String(files.length - mostShown)} more` : '';
  process.emitWarning(
    `Modules that were loaded before impersonate may hold functions of node:fs that act as the process also in a flow: ${files.slice(0, mostShown).join(', ')}${more}`,
    {
      type: 'ImpersonationWarning',
      code: 'IMPERSONATE_LOADED_LATE',
      detail:
        'Load impersonate before them, or start node with --import impersonate/register; ' +
        'before what --require loads, with --require impersonate/register.',
    },
  );
}
