import { originals } from '../fs/node-fs';
import { isOwn, nodeRequire } from '../internal/own-folder';

const ownDependency = /[\\/]node_modules[\\/]bindings[\\/]/;
const mostShown = 3;

/** Whether the module may hold functions of node:fs. A module that does not name `fs` cannot. */
function mayHoldFunctions(file: string): boolean {
  if (/\.(json|node)$/.test(file) || isOwn(file) || ownDependency.test(file)) return false;
  try {
    return /\bfs\b/.test(originals.readFileSync(file, 'utf8'));
  } catch {
    return true;
  }
}

function warn(fault: string, names: readonly string[]): void {
  if (names.length === 0) return;
  const more = names.length > mostShown ? `, and ${String(names.length - mostShown)} more` : '';
  process.emitWarning(
    `Modules loaded before impersonate ${fault}: ${names.slice(0, mostShown).join(', ')}${more}`,
    {
      type: 'ImpersonationWarning',
      code: 'IMPERSONATE_LOADED_LATE',
      detail:
        'Load impersonate before them, or start node with --import impersonate/register; ' +
        'if they are loaded with --require, put --require impersonate/register before them.',
    },
  );
}

/**
 * Warns if CommonJS modules that name node:fs were loaded on this thread before this package. A module that is still
 * loading does not count, because one of them loads this package. ES modules follow the routing, because their imports
 * are live bindings.
 */
export function warnOfModulesBefore(): void {
  const files = Object.entries(nodeRequire.cache)
    .filter(([file, module]) => module?.loaded && mayHoldFunctions(file))
    .map(([file]) => file);
  warn('may hold functions of node:fs that act as the process in a flow', files);
}

/** Warns of packages that put off work, and whose functions code may have taken before this package was loaded. */
export function warnOfPackagesBefore(titles: readonly string[]): void {
  warn('may run the work of one user as another', [...new Set(titles)]);
}
