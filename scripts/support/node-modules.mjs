import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { root } from './root.mjs';
import { run } from './run.mjs';

// Installs the locked npm packages where they are missing or older than the lockfile; no install script of
// theirs, or of ours, is run.
export function ensureNodeModules() {
  const lock = path.join(root, 'package-lock.json');
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  const arguments_ = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const cli = process.env.npm_execpath ?? '';
  if (cli.endsWith('npm-cli.js')) run(process.execPath, [cli, ...arguments_]);
  else run('npm', arguments_);
}
