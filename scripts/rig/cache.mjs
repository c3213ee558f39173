import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { rigFolder } from './paths.mjs';

const partialPrefix = '.partial-';
const abandonedAfterMs = 2 * 60 * 60 * 1000;
const underway = new Map();

/**
 * The folder `name` of the rig. When it is not there, `make(folder)` fills an empty one, which appears under
 * its name only when it is complete: a run that dies half-way leaves nothing that looks finished, and of two
 * processes making the same thing the first to finish wins.
 */
export function cached(name, make) {
  if (!underway.has(name)) underway.set(name, find(name, make));
  return underway.get(name);
}

async function find(name, make) {
  const folder = path.join(rigFolder, name);
  if (existsSync(folder)) return folder;
  await mkdir(rigFolder, { recursive: true });
  await removeAbandoned();
  process.stderr.write(`rig: making ${name} ...\n`);
  const partial = await mkdtemp(path.join(rigFolder, partialPrefix));
  try {
    await chmod(partial, 0o755);
    await make(partial);
    await renameUnlessThere(partial, folder);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

async function renameUnlessThere(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

/** What a killed run left behind. Judged by age: its process id means nothing in another pid namespace. */
async function removeAbandoned() {
  for (const entry of await readdir(rigFolder)) {
    if (!entry.startsWith(partialPrefix)) continue;
    const partial = path.join(rigFolder, entry);
    const status = await stat(partial).catch(() => undefined);
    if (status && Date.now() - status.mtimeMs > abandonedAfterMs) await rm(partial, { recursive: true, force: true });
  }
}
