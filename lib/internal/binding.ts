import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type bindings from 'bindings';
import type { Native } from '../../types/native';
import { ImpersonationError } from './error';
import { ownFolder } from './own-folder';

/* eslint-disable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-return -- literal, for bundlers */
const prebuilt: Readonly<Record<string, (() => unknown) | undefined>> = {
  'win32-x64': () => require('../../prebuilds/win32-x64/node.napi.node'),
  'win32-arm64': () => require('../../prebuilds/win32-arm64/node.napi.node'),
  'win32-ia32': () => require('../../prebuilds/win32-ia32/node.napi.node'),
  'linux-x64': () => require('../../prebuilds/linux-x64/node.napi.node'),
  'linux-arm64': () => require('../../prebuilds/linux-arm64/node.napi.node'),
  'linux-x64-musl': () => require('../../prebuilds/linux-x64/node.napi.musl.node'),
  'linux-arm64-musl': () => require('../../prebuilds/linux-arm64/node.napi.musl.node'),
  'darwin-x64': () => require('../../prebuilds/darwin-x64/node.napi.node'),
  'darwin-arm64': () => require('../../prebuilds/darwin-arm64/node.napi.node'),
};
/* eslint-enable @typescript-eslint/no-require-imports, @typescript-eslint/no-unsafe-return */

const { platform, arch } = process;

/**
 * Returns whether this program runs with musl, whose loader is a file of a fixed name, mapped into the process then. A
 * thread that acts as a user may not read that, as where this module is loaded a second time.
 */
function usesMusl(): boolean {
  try {
    // Node's permission model may not allow it.
    if (!existsSync(`/lib/ld-musl-${arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`)) return false;
    return readFileSync('/proc/self/maps', 'latin1').includes('/ld-musl-');
  } catch {
    const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime === undefined;
  }
}

const libc = platform !== 'linux' ? '' : usesMusl() ? 'musl' : 'glibc';
const target = `${platform}-${arch}${libc === 'musl' ? '-musl' : ''}`;

/** The folders of addons that were compiled locally: by the cross build for this platform, and by node-gyp. */
const builds = [`build-${platform}-${arch}`, 'build'];

/** Loads an addon that was compiled in the folder of this package. Undefined if there is none, and in a bundle. */
function loadLocalBuild(): unknown {
  if (ownFolder === undefined) return undefined;
  const root = path.join(ownFolder, '..');
  const name = 'impersonate.node';
  const build = builds.find((folder) => existsSync(path.join(root, folder, 'Release', name)));
  if (build === undefined) return undefined;
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only where there is a local build
  const load = require('bindings') as typeof bindings;
  return load({
    bindings: name,
    module_root: root,
    try: [['module_root', build, 'Release', 'bindings']],
  });
}

function notFound(cause: unknown): ImpersonationError {
  const system = `${platform} ${arch}${libc && ` (${libc})`}`;
  const reason =
    cause instanceof Error ? cause.message.split('\n', 1).join('') : 'there is none for this platform';
  const error = new ImpersonationError(
    `The native addon of impersonate cannot be loaded on ${system}: ${reason}. Compile it with a C++17 compiler and ` +
      'Python: run `npx node-gyp rebuild` in the folder of the package. npm 12, pnpm, yarn and bun do not run install ' +
      'scripts of dependencies by themselves',
    'ERR_ADDON_NOT_FOUND',
  );
  return Object.assign(error, { cause });
}

/**
 * The other runtime that this program runs with. They load packages of Node.js and lack what this one stands on, such as
 * libuv's functions (Deno), and promise hooks (Bun), which find a scope that is left open.
 */
const otherRuntime = ['bun', 'deno'].find((name) => Object.hasOwn(process.versions, name));

function requireNode(): void {
  if (otherRuntime === undefined) return;
  throw new ImpersonationError(
    `This program runs with ${otherRuntime} ${String(process.versions[otherRuntime])}, where impersonate cannot act as a user: run it with Node.js or Electron`,
    'ERR_UNSUPPORTED_PLATFORM',
  );
}

function load(): unknown {
  requireNode();
  const local = loadLocalBuild();
  if (local !== undefined) return local;
  const loadPrebuilt = prebuilt[target];
  if (!loadPrebuilt) throw notFound(undefined);
  try {
    const loaded = loadPrebuilt();
    if (typeof loaded !== 'string') return loaded;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Other errors are the addon's own.
    throw code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED' ? notFound(error) : error;
  }
  throw notFound(new Error('the bundler has put a path in its place, and must copy and load it'));
}

/** The native addon: one that was compiled locally, or the binary of the package for this platform and C library. */
export const native = load() as Native;
