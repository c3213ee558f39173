import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { arm64Node, checkRuntimes, loadWithMusl, makeProject, smoke } from '../binaries/hosts.mjs';
import { checkBinary } from '../binaries/rules.mjs';
import { prebuild } from '../prebuilds.mjs';
import { compile } from '../prebuilds/compile.mjs';
import { targets } from '../prebuilds/targets.mjs';
import { withScratch } from '../rig/scratch.mjs';
import { ensureNodeModules } from '../support/node-modules.mjs';
import { ensurePrograms } from '../support/packages.mjs';
import { root } from '../support/root.mjs';
import { capture } from '../support/run.mjs';
import { npmScript } from './npm-script.mjs';

const tools = { 'llvm-readobj': 'llvm', 'llvm-objdump': 'llvm', 'musl-gcc': 'musl-tools' };
const musl = '/lib/ld-musl-x86_64.so.1';
// One for each linker of the compiler. All nine take eight minutes.
const twice = ['win32-x64', 'linux-x64', 'darwin-arm64'];

const sha256 = (file) => createHash('sha256').update(readFileSync(file)).digest('hex');
const fileOf = (name) => path.join(root, targets[name].file);

async function* buildAll() {
  for (const name of Object.keys(targets)) {
    await prebuild(name);
    for (const [check, problem] of await checkBinary(fileOf(name), targets[name], musl))
      yield [`${name}: ${check}`, problem];
  }
}

async function* buildAgain(names, scratch) {
  for (const name of names) {
    const file = path.join(scratch, 'again.node');
    await compile(targets[name], file, { again: true });
    const [first, second] = [fileOf(name), file].map(sha256);
    yield [`${name}: the same bytes when compiled again`, first === second ? '' : `${first}, then ${second}`];
  }
}

const problemOf = ({ code, output }) => (code === 0 ? '' : output.trim() || `code ${code}`);

async function* load(scratch) {
  npmScript('build:ts');
  await makeProject(scratch);
  yield ['linux-x64-musl: loads with musl', problemOf(await loadWithMusl(fileOf('linux-x64-musl'), scratch))];
  for (const [name, problem] of await checkRuntimes(scratch))
    yield [`${name} throws the package's error`, problem];
  if (process.getuid() !== 0) return;
  yield ['linux-x64: scope, flow and worker', problemOf(await smoke([process.execPath], scratch))];
  yield ['linux-arm64: scope, flow and worker, emulated', problemOf(await smoke(await arm64Node(), scratch))];
}

// Of the tarball with all binaries. Documentation and examples are two thirds of the files.
const limits = { files: 160, megabytes: 8 };

async function* weigh() {
  const { code, output } = await capture('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: root,
  });
  if (code !== 0) throw new Error(output);
  const [{ files, unpackedSize }] = JSON.parse(output.slice(output.indexOf('[')));
  const besides = files.filter(({ path: name }) => !name.endsWith('.node')).length;
  const megabytes = unpackedSize / 1e6;
  yield [
    `the tarball: ${besides} files beside the binaries`,
    besides > limits.files ? `the limit is ${limits.files}` : '',
  ];
  yield [
    `the tarball: ${megabytes.toFixed(2)} MB`,
    megabytes > limits.megabytes ? `the limit is ${limits.megabytes}` : '',
  ];
}

/**
 * Makes all binaries of the tarball, checks their headers, compiles `again` once more for the same bytes, and loads them
 * where this machine can. Each check counts as a test.
 */
export const prebuildSuite = (again = twice) => ({
  name: 'prebuilds',
  run: async (write) => {
    ensurePrograms(tools);
    ensureNodeModules();
    const counts = { passed: 0, failed: 0, skipped: 0 };
    await withScratch(os.tmpdir(), 'impersonate-prebuilds-', async (scratch) => {
      for (const checks of [buildAll(), buildAgain(again, scratch), load(scratch), weigh()]) {
        for await (const [name, problem] of checks) {
          counts[problem ? 'failed' : 'passed'] += 1;
          write(problem ? `FAILED ${name}\n${problem.replace(/^/gm, '    ')}\n` : `ok     ${name}\n`);
        }
      }
    });
    return counts;
  },
});
