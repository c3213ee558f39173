import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { linuxNodeFolder } from '../rig/npm-packages.mjs';
import { nodeMajors } from '../rig/paths.mjs';
import { listFiles } from '../support/files.mjs';
import { addonApiHeaders } from '../support/node-headers.mjs';
import { root } from '../support/root.mjs';
import { capture, inParallel } from '../support/run.mjs';
import { zig } from './zig.mjs';

const rooms = ['core', 'fs', 'napi', 'pool'];
const sourcesOf = (port) => [...rooms, port].flatMap((room) => listFiles(`native/${room}`, /\.cpp$/));

const common = [
  ...['-std=c++17', '-Os', '-g0', '-ffunction-sections', '-fdata-sections', '-fexceptions', '-fvisibility=hidden', '-fvisibility-inlines-hidden'],
  ...['-fstack-protector-strong', '-U_FORTIFY_SOURCE', '-D_FORTIFY_SOURCE=2'],
  ...['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Wconversion', '-Werror'],
  ...['-DNAPI_VERSION=8', '-DNAPI_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
  ...['-DNODE_API_NO_EXTERNAL_BUFFERS_ALLOWED', '-DBUILDING_NODE_EXTENSION'],
];
// The compiler defines the first to an older Windows by itself.
const windows = [
  ...['-U_WIN32_WINNT', '-D_WIN32_WINNT=0x0A00', '-DNOMINMAX', '-DWIN32_LEAN_AND_MEAN'],
  ...['-DUNICODE', '-D_UNICODE', '-DUSING_UV_SHARED=1'],
];
const branchProtection = { x64: ['-fcf-protection'], arm64: ['-mbranch-protection=standard'], ia32: [] };
// Windows: the linker sets DYNAMICBASE, NXCOMPAT and HIGHENTROPYVA by itself. Zig passes it no option for Control Flow
// Guard; and node.exe is built without, so that it would not be in force.
const linked = {
  win32: ['-ladvapi32', '-lsecur32'],
  linux: ['-Wl,--gc-sections', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,-z,nodelete'],
  // The name is the path of the output by default, which differs each time.
  unsupported: ['-Wl,-undefined,dynamic_lookup', '-Wl,-install_name,@rpath/impersonate.node'],
};
// Without it the unwinder's functions and operator new would be exported too. The last name is how copies of the addon
// find one another.
const entryPoints = `{
  global: napi_register_module_v1; node_api_module_get_api_version_v1; impersonate_serving_copy;
  local: *;
};
`;

// All that decides about the bytes of a target, as one text.
export function inputsOf(target) {
  const own = [
    ...[...rooms, target.port].flatMap((room) => listFiles(`native/${room}`, /\.(?:h|cpp)$/)),
    ...listFiles('scripts/prebuilds', /\.mjs$/),
    ...['scripts/rig/host-imports.mjs', 'scripts/support/node-headers.mjs', 'cmake/uv-functions.txt'],
    ...['node-addon-api', 'node-api-headers'].map((name) => `node_modules/${name}/package.json`),
  ];
  const texts = own.map((file) => `${file}\n${readFileSync(path.join(root, file), 'utf8')}`);
  return [JSON.stringify(target), ...texts].join('\n');
}

async function compilerFlags({ zig: name, port, arch }) {
  const headers = path.join(await linuxNodeFolder(nodeMajors[0]), 'include', 'node');
  const system = [addonApiHeaders, headers].flatMap((folder) => ['-isystem', folder]);
  return [
    ...[
      '-target',
      name,
      ...common,
      ...system,
      `-I${path.join(root, 'native')}`,
      `-ffile-prefix-map=${root}=.`,
    ],
    ...(port === 'win32' ? windows : ['-fPIC']),
    ...(port === 'linux' ? branchProtection[arch] : []),
  ];
}

async function zigRun(args, cache) {
  const { program, environment } = await zig(cache);
  const { code, signal, output } = await capture(program, ['c++', ...args], {
    env: { ...process.env, ...environment },
  });
  if (code !== 0) throw new Error(`zig c++ ended with ${signal ?? `code ${code}`}:\n${output.trim()}`);
}

// The trampolines to the host's functions, which a Windows addon has in place of an import library.
async function hostImports(folder, arch) {
  const output = path.join(folder, 'host_imports.cpp');
  const script = path.join(root, 'scripts', 'rig', 'host-imports.mjs');
  const functions = path.join(root, 'cmake', 'uv-functions.txt');
  const { code, output: printed } = await capture(process.execPath, [script, output, functions, arch]);
  if (code !== 0) throw new Error(printed);
  return output;
}

async function linkFlags(folder, { port, zig: name }) {
  const flags = ['-target', name, '-shared', '-Os', '-g0', '-s'];
  if (port !== 'linux') return flags;
  const script = path.join(folder, 'node.map');
  await writeFile(script, entryPoints);
  return [...flags, `-Wl,--version-script=${script}`];
}

// Compiles and links one target to a file. With `again` no object of an earlier compilation is used.
export async function compile(target, output, { again = false } = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prebuild-'));
  try {
    const flags = await compilerFlags(target);
    const cache = again ? path.join(folder, 'cache') : undefined;
    const sources = sourcesOf(target.port).map((file) => path.join(root, file));
    if (target.port === 'win32') sources.push(await hostImports(folder, target.arch));
    const objects = sources.map((_, index) => path.join(folder, `${index}.o`));
    await inParallel(
      sources.map((source, index) => () => zigRun([...flags, '-c', source, '-o', objects[index]], cache)),
    );
    await mkdir(path.dirname(output), { recursive: true });
    const library = path.join(folder, 'impersonate.node');
    const link = [...(await linkFlags(folder, target)), ...objects, '-o', library, ...linked[target.port]];
    await zigRun(link, cache);
    await writeFile(output, await readFile(library), { mode: 0o755 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
