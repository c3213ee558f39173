// node scripts/prebuilds.mjs [target...]
// Makes the binaries of the tarball, all or those that are named, and prebuilds/manifest.json with the size and the
// SHA-256 of each. A binary whose sources have not changed is kept.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { compile, inputsOf } from './prebuilds/compile.mjs';
import { targets } from './prebuilds/targets.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';

const folder = path.join(root, 'prebuilds');
const manifest = path.join(folder, 'manifest.json');
// What each binary was made of: not in the tarball.
const made = path.join(folder, '.inputs.json');

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});
const hash = (data) => createHash('sha256').update(data).digest('hex');
const pathOf = (name) => path.join(root, targets[name].file);

function add(file, name, value) {
  const entries = Object.entries({ ...read(file), [name]: value });
  writeFileSync(
    file,
    `${JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`,
  );
}

function isCurrent(name, inputs) {
  if (!existsSync(pathOf(name)) || read(made)[name] !== inputs) return false;
  return read(manifest)[name]?.sha256 === hash(readFileSync(pathOf(name)));
}

/** Makes the binary of a target, unless it is there. Returns its entry in the manifest. */
export async function prebuild(name) {
  const inputs = hash(inputsOf(targets[name]));
  if (isCurrent(name, inputs)) return read(manifest)[name];
  await compile(targets[name], pathOf(name));
  const bytes = readFileSync(pathOf(name));
  const entry = { file: targets[name].file, size: bytes.length, sha256: hash(bytes) };
  add(manifest, name, entry);
  add(made, name, inputs);
  return entry;
}

/** Makes the binary of a target and copies it to where a local build of the package would be, for the tests. */
export async function installPrebuilt(name, build) {
  await prebuild(name);
  const release = path.join(root, build, 'Release');
  mkdirSync(release, { recursive: true });
  copyFileSync(pathOf(name), path.join(release, 'impersonate.node'));
}

if (process.argv[1] === import.meta.filename) {
  ensureNodeModules();
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !Object.hasOwn(targets, name));
  if (unknown.length > 0)
    throw new Error(`No target ${unknown.join(', ')}. There are: ${Object.keys(targets).join(', ')}`);
  for (const name of chosen.length > 0 ? chosen : Object.keys(targets)) {
    const start = performance.now();
    const { size, sha256 } = await prebuild(name);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${name.padEnd(18)}${String(size).padStart(9)}  ${sha256}  ${seconds} s`);
  }
}
