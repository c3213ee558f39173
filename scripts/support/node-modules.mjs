import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { root } from './root.mjs';
import { run } from './run.mjs';

function packagesIn(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

// Returns whether every locked package is installed in its locked version. Optional ones are for some systems only.
function isComplete(project) {
  const installed = packagesIn(path.join(project, 'node_modules', '.package-lock.json'));
  const locked = Object.entries(packagesIn(path.join(project, 'package-lock.json')));
  return locked.every(([name, { version, optional, devOptional }]) => {
    const isNeeded = name !== '' && !optional && !devOptional;
    return !isNeeded || installed[name]?.version === version;
  });
}

// Installs the locked npm packages if one is missing or has another version. No install script is run. A node_modules
// that is a link is never changed, because npm would empty the linked folder. `project` is this project's folder, or
// one in it that has its own packages.
export function ensureNodeModules(project = root) {
  if (isComplete(project)) return;
  const folder = path.join(project, 'node_modules');
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Error(
      `${folder} is a link to a folder that lacks packages of package-lock.json: run npm ci there`,
    );
  }
  const command = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const cli = process.env.npm_execpath ?? '';
  if (cli.endsWith('npm-cli.js')) run(process.execPath, [cli, ...command], { cwd: project });
  else run('npm', command, { cwd: project });
}
