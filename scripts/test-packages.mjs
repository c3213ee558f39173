// node scripts/test-packages.mjs [--node MAJOR] [--write] [FILTER]...
// Runs other people's packages as two users of Linux, with the kernel deciding, and compares the results with
// docs/packages.md; `--write` writes the page. The packages are those of test/packages/package.json, which are installed
// there, and test/packages/run.mjs says what is done with them. With filters only the scenarios of packages that contain
// one are run, and the page is not compared. Not part of `npm test`.
import path from 'node:path';
import { parseArgs } from 'node:util';
import { deferringSuite, scenarioSuite } from './suites/packages.mjs';
import { runSuites } from './suites/run-suites.mjs';
import { ensureNodeModules } from './support/node-modules.mjs';
import { root } from './support/root.mjs';

const { values, positionals: filters } = parseArgs({
  options: { node: { type: 'string', default: '22' }, write: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const major = Number(values.node);
ensureNodeModules(path.join(root, 'test', 'packages'));
const scenarios = scenarioSuite(major, { filters, writesPage: values.write });
await runSuites(filters.length > 0 ? [scenarios] : [deferringSuite(major), scenarios]);
