import path from 'node:path';
import { fileURLToPath } from 'node:url';

// The project's folder.
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

// Returns the path of a program's script in an installed npm package, to be run by `process.execPath`.
export function packageBin(relative) {
  return path.join(root, 'node_modules', relative);
}
