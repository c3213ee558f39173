import process from 'node:process';
import { ensureNodeModules } from '../support/node-modules.mjs';
import { ensurePrograms } from '../support/packages.mjs';
import { npmScript } from './npm-script.mjs';

const tools = { 'g++': 'g++', make: 'make', python3: 'python3' };

/** Installs what is missing and builds the package for this system: the addon and the facade. */
export function buildPackage() {
  if (process.platform === 'linux') ensurePrograms(tools);
  ensureNodeModules();
  npmScript('build:native');
  npmScript('build:ts');
}

/** The same and the Linux tests with their own addon. */
export function buildLinux() {
  buildPackage();
  npmScript('build:test');
  npmScript('build:test-native');
}

/** The Windows addon and its test addon, the facade and the tests: on Linux by cross-compiling. */
export function buildWin32() {
  ensureNodeModules();
  npmScript('build:win32');
  npmScript('build:ts');
  npmScript('build:test');
}
