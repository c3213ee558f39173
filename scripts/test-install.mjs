// node scripts/test-install.mjs [--node MAJOR]... [MANAGER]...
// Packs the package and installs the tarball as users do: with each package manager and each version of Node, in an empty
// project, with the scripts of dependencies blocked and no compiler. Then runs programs that use it. Needs root.
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { managers } from './install/managers.mjs';
import { tryInstall } from './install/project.mjs';
import { run as runProgram } from './rig/command.mjs';
import { nodeMajors } from './rig/paths.mjs';
import { readCommandLine } from './suites/command-line.mjs';
import { npmScript } from './suites/npm-script.mjs';
import { runSuites } from './suites/run-suites.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { prebuild } from './prebuilds.mjs';

const { majors, filters } = readCommandLine();
const folder = await mkdtemp(path.join(os.tmpdir(), 'impersonate-pack-'));

async function pack() {
  ensureNodeModules();
  npmScript('build:ts');
  await prebuild('linux-x64');
  const output = await runProgram('npm', [
    'pack',
    '--ignore-scripts',
    '--silent',
    '--pack-destination',
    folder,
  ]);
  return path.join(folder, output.trim().split('\n').at(-1));
}

let packed;
const chosen = filters.length > 0 ? filters : Object.keys(managers);
try {
  await runSuites(
    chosen.map((manager) => ({
      name: `install, ${manager}`,
      run: async (write) => {
        packed ??= pack();
        const tarball = await packed;
        const results = [];
        for (const major of majors.length > 0 ? majors : nodeMajors) {
          for (const { name, ok, output } of await tryInstall(manager, major, tarball)) {
            write(
              `${ok ? 'ok    ' : 'FAILED'} ${manager}, node ${major}: ${name}\n${ok ? '' : output.replace(/^/gm, '    ')}`,
            );
            results.push(ok);
          }
        }
        return {
          passed: results.filter(Boolean).length,
          failed: results.filter((ok) => !ok).length,
          skipped: 0,
        };
      },
    })),
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
