// node scripts/test-win32.mjs [--node MAJOR]... [FILTER]...
// Builds and runs the Windows suite: under Wine with Node 24 or the given versions, on Windows with the running node.
// Filters are jest's. Needs no root.
import { readCommandLine } from './suites/command-line.mjs';
import { win32Suites } from './suites/ports.mjs';
import { runSuites } from './suites/run-suites.mjs';

const { majors, filters } = readCommandLine();
await runSuites(win32Suites(majors.length > 0 ? majors : [24], filters));
