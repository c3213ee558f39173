import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { npmPackage } from '../rig/npm-packages.mjs';

const registry = () => execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim();

// Package managers, each from its npm package: the program, and the arguments and environment with which a tarball is
// added to a project while the scripts of dependencies are blocked.
const npm = (major, ...blocked) => ({
  specification: `npm@${major}`,
  program: 'bin/npm-cli.js',
  args: (tarball) => ['install', '--no-audit', '--no-fund', '--prefer-offline', ...blocked, tarball],
});

export const managers = {
  'npm-10': npm(10, '--ignore-scripts'),
  'npm-11': npm(11, '--ignore-scripts'),
  // Blocks them by default.
  'npm-12': npm(12),
  pnpm: {
    specification: 'pnpm@10',
    program: 'bin/pnpm.cjs',
    args: (tarball) => ['add', '--store-dir', '.store', tarball],
  },
  'yarn-1': {
    specification: 'yarn@1',
    program: 'bin/yarn.js',
    args: (tarball) => [
      'add',
      '--ignore-scripts',
      '--no-lockfile',
      '--cache-folder',
      '.cache',
      `file:${tarball}`,
    ],
  },
  'yarn-4': {
    specification: '@yarnpkg/cli-dist@4',
    program: 'bin/yarn.js',
    args: (tarball) => ['add', `impersonate@file:${tarball}`],
    env: () => ({
      YARN_NODE_LINKER: 'node-modules',
      YARN_ENABLE_SCRIPTS: 'false',
      YARN_ENABLE_GLOBAL_CACHE: 'false',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      YARN_NPM_REGISTRY_SERVER: registry(),
    }),
  },
  bun: {
    specification: '@oven/bun-linux-x64@1',
    program: 'bin/bun',
    args: (tarball) => ['add', tarball],
    env: () => ({ BUN_CONFIG_REGISTRY: registry(), BUN_INSTALL_CACHE_DIR: '.bun-cache' }),
    native: true,
  },
};

// The command that runs a manager with a node, and its environment.
export async function managerCommand(name, node, tarball) {
  const { specification, program, args, env = () => ({}), native = false } = managers[name];
  const folder = await npmPackage(`manager-${name}`, specification);
  const file = path.join(folder, program);
  return {
    command: native ? [file, ...args(tarball)] : [node, file, ...args(tarball)],
    env: { ...env(), npm_config_registry: registry(), HOME: process.env.HOME },
  };
}
