// node scripts/test-packages.mjs [--node MAJOR]... [FILTER]...
// Tests other people's packages in several versions on Linux: those of test/packages/package.json, which are installed
// there. Not part of `npm test`.
import path from 'node:path';
import { readCommandLine } from './suites/command-line.mjs';
import { packageSuites } from './suites/packages.mjs';
import { runSuites } from './suites/run-suites.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';

const { majors, filters } = readCommandLine();
ensureNodeModules(path.join(root, 'test', 'packages'));
await runSuites(packageSuites(majors, filters));
