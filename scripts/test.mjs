// node scripts/test.mjs [--matrix] [FILTER]...
// Runs everything, on a machine with nothing installed: checks, the Linux suite, the Windows suite under Wine with Node
// 24, an installation of the package by npm, and each benchmark once, without checking its time. --matrix: the suites with
// Node 20, 22, 24 and 26, every installation, the Linux port's native code under sanitizers, and the binaries of all
// targets. On Windows: the Windows suite with the running node.
import process from 'node:process';
import { nodeMajors } from './rig/paths.mjs';
import { readCommandLine } from './suites/command-line.mjs';
import { emulatedSuites } from './suites/emulated.mjs';
import { installNames, installSuites, quickInstallSuites } from './suites/install.mjs';
import { lint } from './suites/lint.mjs';
import { benchmarkSuites } from './suites/benchmark-suites.mjs';
import { linuxSuites, win32Suites } from './suites/ports.mjs';
import { prebuildSuite } from './suites/prebuilds.mjs';
import { runSuites } from './suites/run-suites.mjs';
import { sanitizerSuites } from './suites/sanitizers.mjs';
import { fetchForWine } from './suites/wine.mjs';

const wineMajors = [24];

const { majors, matrix, filters } = readCommandLine();
const chosen = matrix ? nodeMajors : majors;
await runSuites(process.platform === 'win32' ? win32Suites(chosen, filters) : everySuite());

function everySuite() {
  const underWine = chosen.length > 0 ? chosen : wineMajors;
  return [
    { name: 'lint', run: () => lintAndFetch(underWine) },
    ...linuxSuites(chosen, filters),
    ...win32Suites(underWine, filters),
    ...(filters.length > 0 ? [] : unfiltered()),
    ...(matrix ? sanitizerSuites(filters) : []),
  ];
}

function unfiltered() {
  const installations = matrix ? installSuites(installNames, nodeMajors) : quickInstallSuites();
  const binaries = matrix ? [prebuildSuite(), ...emulatedSuites()] : [];
  return [...installations, ...benchmarkSuites(chosen), ...binaries];
}

/** Downloads and lint run at the same time: one waits for the network, the other uses the processor. */
async function lintAndFetch(underWine) {
  const [counts] = await Promise.all([lint(), fetchForWine(underWine)]);
  return counts;
}
