import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { testUsers } from '../linux-users/accounts.mjs';
import { withUsers } from '../linux-users/with-users.mjs';
import { linuxNodeFolder } from '../rig/npm-packages.mjs';
import { runToEnd } from '../support/run-to-end.mjs';
import { root } from '../support/root.mjs';
import { buildLinux } from './build.mjs';
import { testLinux } from './linux.mjs';

const config = 'test/packages/jest.config.cjs';
const folder = path.join(root, 'test', 'packages');

/** Returns the suite of packages that put off work, with one major version of Node.js. */
export const deferringSuite = (major) => ({
  name: `packages that put off work, node ${major}`,
  run: async (write) => {
    await buildLinux();
    return testLinux({ major, write, config });
  },
});

/**
 * Returns the suite that runs the scenarios of test/packages as two users, with one major version of Node.js: those of
 * packages that contain one of `filters`; with none it compares the results with docs/packages.md, or writes the page.
 */
export const scenarioSuite = (major, { filters, writesPage }) => ({
  name: `packages as two users, node ${major}`,
  run: async (write) => {
    await buildLinux();
    const results = await runScenarios(major, filters, write);
    const failed = results.filter(isBad);
    for (const result of failed) write(describeFailure(result));
    const differs = filters.length === 0 && !(await isPageCurrent(results, writesPage));
    if (differs)
      write('docs/packages.md differs from the results: run node scripts/test-packages.mjs --write\n');
    return {
      passed: results.length - failed.length,
      failed: failed.length + Number(differs),
      skipped: results.filter(isMissing).length,
    };
  },
});

/** Compiles the packages of native code that have no binary in their tarballs, for this major version of Node.js. */
async function compile(node, write) {
  const modules = path.join(folder, 'node_modules');
  const program = path.join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  for (const name of readdirSync(modules).filter((each) => each.startsWith('better-sqlite3-'))) {
    const cwd = path.join(modules, name);
    const done = path.join(cwd, 'build', `for-${path.basename(node)}`);
    if (existsSync(done)) continue;
    const args = [program, 'rebuild', '--release', `--nodedir=${node}`];
    const onOutput = () => {};
    const code = await runToEnd(path.join(node, 'bin', 'node'), args, { cwd, onOutput });
    if (code === 0) writeFileSync(done, '');
    else write(`${name} cannot be compiled here\n`);
  }
}

async function runScenarios(major, filters, write) {
  const output = path.join(folder, 'node_modules', '.cache', 'results.json');
  mkdirSync(path.dirname(output), { recursive: true });
  const node = await linuxNodeFolder(major);
  await compile(node, write);
  const args = [path.join(folder, 'run-all.mjs'), output, ...filters];
  const code = await withUsers(testUsers, path.join(node, 'bin', 'node'), args, { onOutput: write });
  if (code !== 0) throw new Error(`test/packages/run-all.mjs ended with ${code}`);
  return JSON.parse(readFileSync(output, 'utf8'));
}

const isMissing = ({ result }) => result === 'not run';

/** What acts as the process, such as native code, may have no binary for this system. */
function isBad({ result, asProcess }) {
  if (['right', 'shares a cache'].includes(result) || result.startsWith('refused')) return false;
  return !asProcess || !(isMissing({ result }) || result === 'acts as the process');
}

const describeFailure = ({ name, exact, result, problem = '', details, later = [], errors = '' }) =>
  `\n${name} ${exact}: ${result} ${problem}\n${JSON.stringify(details, null, 2)}\n${later.join('\n')}\n${errors}\n`;

/** Returns whether the page has these results, after writing it if that is wanted. */
async function isPageCurrent(results, writesPage) {
  const { makePackagesPage, packagesPage } = await import('../support/packages-page.mjs');
  const page = path.join(root, packagesPage);
  const text = await makePackagesPage(results);
  if (writesPage) writeFileSync(page, text);
  return readFileSync(page, 'utf8') === text;
}
