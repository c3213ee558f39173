import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { benchmarkUsers } from '../../benchmarks/world/users.mjs';
import { kerberosEnvironment } from '../kdc/environment.mjs';
import { withUsers } from '../linux-users/with-users.mjs';
import { linuxNodeFolder, npmPackage } from '../rig/npm-packages.mjs';
import { toWindowsPath } from '../rig/paths.mjs';
import { runWindowsNode } from '../rig/windows-node.mjs';
import { ensureNodeModules } from '../support/node-modules.mjs';
import { ensurePrograms } from '../support/packages.mjs';
import { root } from '../support/root.mjs';
import { buildBenchmarks, buildWin32 } from './build.mjs';

const timeoutSeconds = 900;
const folder = path.join(root, 'benchmarks');
const modules = path.join(folder, 'node_modules');
const program = path.join(folder, 'runner', 'main.mjs');

/** The packages that benchmarks need besides those of package-lock.json. */
export async function prepareBenchmarks(ports) {
  ensureNodeModules();
  ensureNodeModules(folder);
  if (ports.includes('linux')) {
    ensurePrograms({ strace: 'strace' });
    kerberosEnvironment();
    await buildBenchmarks();
  }
  if (ports.includes('win32')) {
    buildWin32();
    await placeWindowsPackages();
  }
}

/** Adds packages for another system, which npm does not install. */
async function placeWindowsPackages() {
  const { version } = JSON.parse(readFileSync(path.join(modules, 'koffi', 'package.json'), 'utf8'));
  const wanted = [
    ['@koromix/koffi-win32-x64', version],
    ['node-expose-sspi', '0.1.60'],
  ];
  for (const [name, version] of wanted) {
    const place = path.join(modules, name);
    const packed = await npmPackage(`${path.basename(name)}-${version}`, `${name}@${version}`);
    if (!existsSync(place)) await cp(packed, place, { recursive: true });
  }
}

const starts = { linux: runOnLinux, win32: runUnderWine };

/**
 * Runs benchmarks of a port with Node.js of a major version. `options` are those of benchmarks/runner/main.mjs.
 * Resolves to { node, cases }.
 */
export async function runBenchmarks(port, major, options, write) {
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'impersonate-results-'));
  const output = path.join(scratch, 'results.json');
  try {
    const code = await starts[port](major, output, JSON.stringify(options), write);
    if (code !== 0) throw new Error(`the benchmarks of ${port}, node ${major}, ended with ${code}`);
    return JSON.parse(await readFile(output, 'utf8'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runOnLinux(major, output, options, write) {
  const node = path.join(await linuxNodeFolder(major), 'bin', 'node');
  return withUsers(benchmarkUsers, node, [program, output, options], { timeoutSeconds, onOutput: write });
}

async function runUnderWine(major, output, options, write) {
  const args = [toWindowsPath(program), toWindowsPath(output), options];
  const { code } = await runWindowsNode({ major, args, timeoutSeconds, onOutput: write });
  return code;
}
