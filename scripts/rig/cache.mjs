import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { rigFolder } from './paths.mjs';
import { withScratch } from './scratch.mjs';

const underway = new Map();

/**
 * Returns the folder `name` of the rig. If it does not exist, `make(folder)` fills an empty folder, which gets its name
 * only when it is complete. An interrupted run therefore leaves no folder that looks finished. If two processes make
 * the same folder, the first to finish wins.
 */
export function cached(name, make) {
  if (!underway.has(name)) underway.set(name, findOrMake(name, make));
  return underway.get(name);
}

async function findOrMake(name, make) {
  const folder = path.join(rigFolder, name);
  if (existsSync(folder)) return folder;
  process.stderr.write(`rig: making ${name} in ${rigFolder}\n`);
  await mkdir(rigFolder, { recursive: true });
  return withScratch(rigFolder, '.partial-', async (scratch) => {
    const made = path.join(scratch, name);
    await mkdir(made);
    await make(made);
    await renameUnlessThere(made, folder);
    return folder;
  });
}

async function renameUnlessThere(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}
