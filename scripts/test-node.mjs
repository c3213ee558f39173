// node scripts/test-node.mjs [--node MAJOR]... [FILTER]...
// Runs Node's own tests of node:fs and node:child_process (from Debian's source package) as a user: by a process of the
// user, in a flow and in a scope. What fails only in a flow or scope must be in test/node/differences.json with a reason.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { testUsers } from './linux-users/accounts.mjs';
import { withUsers } from './linux-users/with-users.mjs';
import { knownDifferences, problemsOf } from './node-tests/differences.mjs';
import { modes } from './node-tests/run-file.mjs';
import { nodeTests, testedMajors } from './node-tests/source.mjs';
import { linuxNodeFolder } from './rig/npm-packages.mjs';
import { withScratch } from './rig/scratch.mjs';
import { buildLinux } from './suites/build.mjs';
import { readCommandLine } from './suites/command-line.mjs';

const runAll = fileURLToPath(new URL('node-tests/run-all.mjs', import.meta.url));

async function outcomesOf(major, tests, filters) {
  const node = path.join(await linuxNodeFolder(major), 'bin', 'node');
  return withScratch(os.tmpdir(), 'impersonate-node-results-', async (scratch) => {
    const results = path.join(scratch, 'results.json');
    const code = await withUsers(testUsers, process.execPath, [runAll, node, tests, results, ...filters]);
    if (code !== 0) throw new Error(`the tests of node ${major} ended with ${code}`);
    return JSON.parse(readFileSync(results, 'utf8'));
  });
}

const count = (outcomes, mode, wanted) =>
  outcomes.filter((outcome) => outcome[mode]?.outcome === wanted).length;

const { majors, filters } = readCommandLine();
await buildLinux();
const entries = knownDifferences();
const problems = [];
for (const major of majors.length > 0 ? majors : testedMajors) {
  const tests = await nodeTests(major);
  const outcomes = await outcomesOf(major, tests, filters);
  problems.push(...problemsOf(major, outcomes, entries, modes.slice(1)));
  console.log(
    `node ${major}, tests of ${readFileSync(path.join(tests, 'version'), 'utf8')}: ${outcomes.length} files`,
  );
  for (const mode of modes) {
    const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((one) =>
      count(outcomes, mode, one),
    );
    console.log(`  ${mode}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}
for (const problem of problems) console.error(`\n${problem}`);
console.log(problems.length === 0 ? 'no other differences than those listed' : `${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
