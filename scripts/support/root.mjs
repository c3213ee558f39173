import path from 'node:path';
import { fileURLToPath } from 'node:url';

// The project's folder.
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

// A program that an installed npm package brings: the path of its script, for `process.execPath`.
export function packageBin(relative) {
  return path.join(root, 'node_modules', relative);
}
