// node scripts/bench.mjs: builds what the benchmarks need and runs them.
import path from 'node:path';
import process from 'node:process';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';
import { run } from './support/run.mjs';

if (process.platform !== 'linux' || process.getuid() !== 0) {
  console.error('The benchmarks compare with bare system calls, which takes root on Linux.');
  process.exit(1);
}
await ensureNodeModules();
await run('npm', ['run', '--silent', 'build'], { cwd: root });
await run('npx', ['node-gyp', '--directory', 'benchmarks/native', 'configure', 'build'], { cwd: root });
await run(process.execPath, [path.join(root, 'benchmarks/run.mjs')], { cwd: root });
