import { readdirSync } from 'node:fs';
import path from 'node:path';
import { root } from './root.mjs';

// Returns the files under a folder of the project whose names match, as sorted paths from the project's folder with
// forward slashes. Returns none if the folder does not exist.
export function listFiles(folder, pattern) {
  let entries;
  try {
    entries = readdirSync(path.join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return isOutput(entry.name) ? [] : listFiles(name, pattern);
      return pattern.test(entry.name) ? [name] : [];
    })
    .sort();
}

const isOutput = (name) => name === 'node_modules' || name === 'build' || name.startsWith('build-');
