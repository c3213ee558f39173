import path from 'node:path';
import process from 'node:process';
import { clangFormat, nativeSources } from './support/clang-format.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';
import { run } from './support/run.mjs';

// Formats every source in place, or only the given files and folders.
const chosen = process.argv.slice(2).map((name) => path.relative(root, path.resolve(name)) || '.');
const isChosen = (file) =>
  chosen.length === 0 || chosen.some((name) => name === '.' || file === name || file.startsWith(`${name}/`));

ensureNodeModules();
const prettier = path.join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs');
const options = ['--write', '--ignore-unknown', '--no-error-on-unmatched-pattern', '--log-level', 'warn'];
run(process.execPath, [prettier, ...options, ...(chosen.length > 0 ? chosen : ['.'])]);
const sources = nativeSources().filter(isChosen);
if (sources.length > 0) run(clangFormat(), ['-i', ...sources]);
