// node scripts/prebuilds.mjs [target...]
// Makes the binaries of the tarball, all or those that are named, and prebuilds/manifest.json: size and SHA-256 of each.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { compile } from './prebuilds/compile.mjs';
import { targets } from './prebuilds/targets.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';

const manifest = path.join(root, 'prebuilds', 'manifest.json');
const known = () => (existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')) : {});

export async function prebuild(name) {
  const { file } = targets[name];
  await compile(targets[name], path.join(root, file));
  const bytes = readFileSync(path.join(root, file));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const all = { ...known(), [name]: { file, size: bytes.length, sha256 } };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(manifest, `${JSON.stringify(sorted, null, 2)}\n`);
  return sorted[name];
}

if (process.argv[1] === import.meta.filename) {
  ensureNodeModules();
  const chosen = process.argv.slice(2);
  const wrong = chosen.filter((name) => !Object.hasOwn(targets, name));
  if (wrong.length > 0)
    throw new Error(`No target ${wrong.join(', ')}. There are: ${Object.keys(targets).join(', ')}`);
  for (const name of chosen.length > 0 ? chosen : Object.keys(targets)) {
    const start = performance.now();
    const { size, sha256 } = await prebuild(name);
    console.log(
      `${name.padEnd(18)}${String(size).padStart(9)}  ${sha256}  ${((performance.now() - start) / 1000).toFixed(0)} s`,
    );
  }
}
