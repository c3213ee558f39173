import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { root } from './root.mjs';
import { run } from './run.mjs';

const folder = path.join(root, 'node_modules');

function packagesIn(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

// True where every locked package is there in its locked version; optional ones are for some systems only.
function isComplete() {
  const installed = packagesIn(path.join(folder, '.package-lock.json'));
  const locked = Object.entries(packagesIn(path.join(root, 'package-lock.json')));
  return locked.every(([name, { version, optional, devOptional }]) => {
    const isNeeded = name !== '' && !optional && !devOptional;
    return !isNeeded || installed[name]?.version === version;
  });
}

// Installs the locked npm packages where one is missing or of another version; no install script of theirs,
// or of ours, is run. A node_modules that is a link is never touched: npm would empty the folder behind it.
export function ensureNodeModules() {
  if (isComplete()) return;
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new Error(
      `${folder} is a link to a folder that lacks packages of package-lock.json: run npm ci there`,
    );
  }
  const command = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const cli = process.env.npm_execpath ?? '';
  if (cli.endsWith('npm-cli.js')) run(process.execPath, [cli, ...command]);
  else run('npm', command);
}
