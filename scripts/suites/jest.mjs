import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const program = 'node_modules/jest/bin/jest.js';
const allTests = 'test/jest.config.cjs';

/**
 * One run of jest over the compiled tests. `start(args)` starts node with these arguments and resolves when it has
 * ended; `nameFile` says how that node names a file of this machine. Resolves to { passed, failed, skipped }.
 */
export async function runJest(start, { nameFile = (file) => file, filters = [], config = allTests } = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'impersonate-jest-'));
  const results = path.join(folder, 'results.json');
  try {
    const ending = await start([
      program,
      `--config=${config}`,
      '--runInBand',
      '--no-watchman',
      `--cacheDirectory=${nameFile(path.join(folder, 'cache'))}`,
      '--json',
      `--outputFile=${nameFile(results)}`,
      ...filters,
    ]);
    return count(results, ending);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A test file that could not run counts as a failed test, and so does a run that ended badly without saying why. */
function count(file, code) {
  const results = readResults(file, code);
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function readResults(file, code) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Error(`jest ended (${code === null ? 'by a signal' : `code ${code}`}) without any results`);
  }
}
