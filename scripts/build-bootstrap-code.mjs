// node scripts/build-bootstrap-code.mjs
// Writes dist/bootstrap-code.js: the first code of an ImpersonatedWorker's thread, and all that it requires of the
// package, as the text of one script. Bundled programs start their workers from it. `npm run build:ts` runs this.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './support/root.mjs';

const dist = path.join(root, 'dist');
const entry = 'bootstrap.js';
const output = 'bootstrap-code.js';
const ownRequires = /\brequire\('\.\/([^']+\.js)'\)/g;

// Node gives such a script the variables of a module as globals, which the caller's code must not see.
const globals = ['require', 'module', 'exports', '__dirname', '__filename'];

// `load` is Node's require(). Whichever binary is wanted, the thread loads the file that its parent has loaded.
const runtime = `
const loaded = {};
function own(name) {
  if (name === 'bindings') return undefined;
  if (name.endsWith('.node')) {
    const addon = { exports: {} };
    process.dlopen(addon, load('node:worker_threads').workerData.addon);
    return addon.exports;
  }
  if (!name.startsWith('./')) return load(name);
  if (!loaded[name]) {
    const module = (loaded[name] = { exports: {} });
    modules[name](module, module.exports, own);
  }
  return loaded[name].exports;
}
own('./${entry}');
`;

// Collects the modules that a module requires, without the output itself: the thread never needs it.
function collect(name, found) {
  if (found.has(name) || name === output) return found;
  const source = readFileSync(path.join(dist, name), 'utf8');
  found.set(name, source);
  for (const [, next] of source.matchAll(ownRequires)) collect(next, found);
  return found;
}

const modules = [...collect(entry, new Map())].map(
  ([name, source]) => `'./${name}'(module, exports, require) {\n${source}\n},\n`,
);
const code = `((load) => {
${globals.map((name) => `delete globalThis.${name};`).join('\n')}
const modules = {
${modules.join('')}};${runtime}})(require);
`;
writeFileSync(path.join(dist, output), `'use strict';\nexports.code = ${JSON.stringify(code)};\n`);
