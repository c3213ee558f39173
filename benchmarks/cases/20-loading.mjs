import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const { resolve } = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Copies the package as it is installed: with the binary of the tarball, and nothing compiled. */
function install(folder) {
  const binary = path.join('prebuilds', `${process.platform}-${process.arch}`);
  for (const part of ['package.json', 'dist', binary]) {
    cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  }
  return path.join(folder, 'dist', 'index.js');
}

// The output goes to a file, because Node has no pipe for it under Wine.
const program = `
  const before = process.cpuUsage();
  require(process.argv[1]);
  const { user, system } = process.cpuUsage(before);
  require('node:fs').writeFileSync(process.argv[2], String(user + system));`;

/** The processor time of loading the package in a new process, beside another native package. */
export default async function* comparisons(_world, { once }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'impersonate-loading-'));
  const output = path.join(folder, 'time');
  const packages = { koffi: resolve('koffi'), impersonate: install(path.join(folder, 'impersonate')) };
  const times = Object.fromEntries(Object.keys(packages).map((name) => [name, []]));
  for (let round = 0; round < (once ? 1 : 15); round++) {
    for (const [name, file] of Object.entries(packages)) {
      const { status } = spawnSync(process.execPath, ['-e', program, file, output], { stdio: 'ignore' });
      if (status !== 0) throw new Error(`${file} does not load`);
      times[name].push(Number(readFileSync(output, 'utf8')));
    }
  }
  rmSync(folder, { recursive: true });
  yield {
    title: 'processor time of require() in a new process',
    figures: Object.entries(times).map(([name, all]) => ({ name, value: median(all), unit: 'µs' })),
  };
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
