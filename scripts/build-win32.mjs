// node scripts/build-win32.mjs
// Builds the addon, and the addons of the tests and the benchmarks, for Windows x64: build-win32-x64/Release/*.node. On
// Linux it cross-compiles, and the addon is the prebuilt binary. On Windows, where it has not been tried, Visual C++
// compiles the addon and that of the tests, after `npm run build:native`. Incremental.
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { linuxNodeFolder } from './rig/npm-packages.mjs';
import { nodeMajors } from './rig/paths.mjs';
import { installPrebuilt } from './prebuilds.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { ensurePrograms } from './support/packages.mjs';
import { root } from './support/root.mjs';
import { run } from './support/run.mjs';

const programs = {
  cmake: 'cmake',
  make: 'make',
  'g++': 'g++',
  'x86_64-w64-mingw32-g++-posix': 'g++-mingw-w64-x86-64-posix',
};

const onWindows = process.platform === 'win32';

/** Uses the headers of the oldest supported Node.js, so that newer functions cannot be used by mistake. */
async function crossOptions() {
  const node = await linuxNodeFolder(nodeMajors[0]);
  return {
    IMPERSONATE_ADDON: 'OFF',
    CMAKE_TOOLCHAIN_FILE: path.join(root, 'cmake', 'mingw-w64.cmake'),
    IMPERSONATE_NODE_INCLUDE: path.join(node, 'include', 'node'),
    IMPERSONATE_TESTS: 'ON',
    IMPERSONATE_BENCHMARKS: 'ON',
  };
}

/** Uses the headers of the running Node.js, which node-gyp has downloaded. */
function nativeOptions() {
  const cache = path.join(process.env.LOCALAPPDATA, 'node-gyp', 'Cache', process.versions.node);
  return { IMPERSONATE_NODE_INCLUDE: path.join(cache, 'include', 'node'), IMPERSONATE_TESTS: 'ON' };
}

export async function buildWin32() {
  if (!onWindows) ensurePrograms(programs);
  ensureNodeModules();
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const settings = onWindows ? nativeOptions() : await crossOptions();
  const options = Object.entries(settings).map(([name, value]) => `--CD${name}=${value}`);
  const common = ['--out', path.join(root, 'build-win32-x64'), '--log-level', 'error'];
  const maker = onWindows ? [] : ['--prefer-make'];
  const jobs = ['--parallel', String(os.availableParallelism())];
  run(process.execPath, [cmakeJs, 'configure', ...common, ...maker, '--arch', 'x64', ...options]);
  run(process.execPath, [cmakeJs, 'build', ...common, ...maker, ...jobs]);
  if (!onWindows) await installPrebuilt('win32-x64', 'build-win32-x64');
}

if (process.argv[1] === import.meta.filename) await buildWin32();
