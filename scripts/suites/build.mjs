import { rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { installPrebuilt } from '../prebuilds.mjs';
import { ensureNodeModules } from '../support/node-modules.mjs';
import { ensurePrograms } from '../support/packages.mjs';
import { root } from '../support/root.mjs';
import { npmScript } from './npm-script.mjs';

const tools = { 'g++': 'g++', make: 'make', python3: 'python3' };
const built = new Set();
// tsc leaves the output of a source that has moved, and jest would run it.
const outputs = { 'build:ts': 'dist', 'build:test': 'dist-test' };

/** Runs build scripts of package.json, each only once in this process, because several suites need the same build. */
function build(...scripts) {
  for (const script of scripts) {
    if (built.has(script)) continue;
    if (script in outputs) rmSync(path.join(root, outputs[script]), { recursive: true, force: true });
    npmScript(script);
    built.add(script);
  }
}

/** Installs what is missing and builds the package for this system: the addon, by node-gyp, and the facade. */
export function buildPackage() {
  if (process.platform === 'linux') ensurePrograms(tools);
  ensureNodeModules();
  build('build:native', 'build:ts');
}

/** The same with the binary that the tarball has for this system, if it can be made here. */
async function buildShipped() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return buildPackage();
  ensurePrograms(tools);
  ensureNodeModules();
  await installPrebuilt('linux-x64', 'build');
  return build('build:ts');
}

/** Builds the facade only, for a package with prebuilt binaries. */
export function buildFacade() {
  ensureNodeModules();
  build('build:ts');
}

/** Also builds the Linux tests with their own addon. */
export async function buildLinux() {
  await buildShipped();
  build('build:test', 'build:test-native');
}

/** Builds the Windows addon and its test addon, the facade and the tests. On Linux it cross-compiles. */
export function buildWin32() {
  ensureNodeModules();
  build('build:win32', 'build:ts', 'build:test');
}

/** Builds the package with the benchmarks' addon, for this system, and the KDC of the tests. */
export async function buildBenchmarks() {
  await buildShipped();
  build('build:benchmarks', 'build:test');
}
