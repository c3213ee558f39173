// node scripts/test-install.mjs [--node MAJOR]... [NAME]...
// Packs the package and installs the tarball as users do: with each package manager and each version of Node, in an empty
// project, with the scripts of dependencies blocked and no compiler. Then runs programs that use it, as they are and
// bundled, and under Wine in a stand-in for Electron. NAME is a package manager, bundlers, electron, source or "no binary". Needs
// root.
import { nodeMajors } from './rig/paths.mjs';
import { readCommandLine } from './suites/command-line.mjs';
import { installNames, installSuites } from './suites/install.mjs';
import { runSuites } from './suites/run-suites.mjs';

const { majors, filters } = readCommandLine();
const unknown = filters.filter((name) => !installNames.includes(name));
if (unknown.length > 0) throw new Error(`No ${unknown.join(', ')}. There are: ${installNames.join(', ')}`);
const names = filters.length > 0 ? filters : installNames;
await runSuites(installSuites(names, majors.length > 0 ? majors : nodeMajors));
