import path from 'node:path';
import process from 'node:process';
import { report } from './support/check.mjs';
import { clangFormat, nativeSources } from './support/clang-format.mjs';
import { listFiles } from './support/files.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';
import { problemsOf } from './support/run.mjs';

const tool = (script, ...args) =>
  problemsOf(process.execPath, [path.join(root, 'node_modules', script), ...args]);
const typescript = (...args) => tool('typescript/bin/tsc', ...args);
const hasSources = (folder) => listFiles(folder, /\.m?ts$/).length > 0;

async function checkNativeFormat() {
  const sources = nativeSources();
  if (sources.length === 0) return '';
  const output = await problemsOf(clangFormat(), ['--dry-run', '-Werror', ...sources]);
  const files = new Set([...output.matchAll(/^(\S+?):\d+:\d+: error/gm)].map(([, file]) => file));
  return files.size > 0 ? [...files].map((file) => `${file}: not formatted`).join('\n') : output;
}

// Each returns the problems, or ''. The type check and eslint of the tests need the package's declarations, so `types`
// writes them to dist first.
const checks = {
  types: () => (hasSources('lib') ? typescript('--emitDeclarationOnly') : ''),
  'test types': () => (hasSources('test') ? typescript('-p', 'test', '--noEmit') : ''),
  headers: async () => (await import('./check-headers.mjs')).checkHeaders(),
  eslint: () => tool('eslint/bin/eslint.js', '--max-warnings', '0', '.'),
  prettier: () => tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  'clang-format': checkNativeFormat,
  docs: async () => (await import('./check-docs.mjs')).checkDocs(),
  spelling: async () => (await import('./check-spelling.mjs')).checkSpelling(),
  layers: async () => (await import('./check-layers.mjs')).checkLayers(),
  package: async () => (await import('./check-package.mjs')).checkPackage(),
  hosts: async () => (await import('./check-hosts.mjs')).checkHosts(),
  verification: async () => (await import('./check-verification.mjs')).checkVerification(),
  workflows: async () => (await import('./check-workflows.mjs')).checkWorkflows(),
};

async function runCheck(name) {
  const start = performance.now();
  const problems = await Promise.resolve()
    .then(checks[name])
    .catch((error) => error.stack);
  report(name, problems, `${((performance.now() - start) / 1000).toFixed(1)} s`);
}

// Runs every check, or only the named ones.
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(checks, name));
if (unknown.length > 0) {
  console.error(`Unknown check ${unknown.join(', ')}. The checks are: ${Object.keys(checks).join(', ')}`);
  process.exit(1);
}
ensureNodeModules();
const queue = (chosen.length > 0 ? chosen : Object.keys(checks)).values();
const runRest = async () => {
  for (const name of queue) await runCheck(name);
};
// `types` ends before the others begin. They run two at a time, because most use one processor.
await runCheck(queue.next().value);
await Promise.all([runRest(), runRest()]);
