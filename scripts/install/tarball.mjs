import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { prebuild } from '../prebuilds.mjs';
import { run } from '../rig/command.mjs';
import { buildFacade } from '../suites/build.mjs';

const forTests = ['linux-x64', 'win32-x64'];

async function pack() {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'impersonate-pack-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  buildFacade();
  for (const name of forTests) await prebuild(name);
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const output = await run('npm', args);
  const tarball = path.join(folder, output.trim().split('\n').at(-1));
  const unpacked = path.join(folder, 'unpacked');
  await mkdir(unpacked);
  await run('tar', ['-xzf', tarball, '-C', unpacked]);
  await rm(path.join(unpacked, 'package', 'prebuilds', 'linux-x64'), { recursive: true });
  const without = path.join(folder, 'without-binary.tgz');
  await run('tar', ['-czf', without, '-C', unpacked, 'package']);
  return { tarball, without };
}

let packed;

/**
 * Packs the package with the binaries of these tests, once. Returns the paths of the tarball, and of `without`, which has no
 * binary for this system. They are removed at the end of this process.
 */
export const packedPackage = () => (packed ??= pack());
