// node scripts/test-linux.mjs [--node MAJOR]... [FILTER]...
// Builds and runs the Linux suite with the running node, or the given versions. Filters are jest's.
import { readCommandLine } from './suites/command-line.mjs';
import { linuxSuites } from './suites/ports.mjs';
import { runSuites } from './suites/run-suites.mjs';

const { majors, filters } = readCommandLine();
await runSuites(linuxSuites(majors, filters));
