import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';

const program = 'node_modules/jest/bin/jest.js';
const allTests = 'test/jest.config.cjs';
const slowest = 8;
const toStandardOutput = (text) => process.stdout.write(text);

/**
 * Runs jest over the compiled tests. `start(args)` starts node with these arguments and resolves when it has ended.
 * `nameFile` converts a path of this machine to a path of that node. `write(text)` gets the names of the slowest files.
 * Resolves to { passed, failed, skipped }.
 */
export async function runJest(
  start,
  { nameFile = (file) => file, filters = [], shard, config = allTests, write = toStandardOutput },
) {
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
      ...(shard ? [`--shard=${shard}`] : []),
      ...filters,
    ]);
    const read = readResults(results, ending);
    write(`Slowest: ${slowestOf(read)}\n`);
    return count(read, ending);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A test file that could not run counts as a failed test, and so does a run that failed without a failed test. */
function count(results, code) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  return {
    passed: results.numPassedTests,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: results.numPendingTests + results.numTodoTests,
  };
}

function slowestOf({ testResults }) {
  return testResults
    .map(({ name, startTime, endTime }) => ({
      name: name.replace(/^.*[\\/]|\.test\.js$/g, ''),
      seconds: Math.round((endTime - startTime) / 1000),
    }))
    .sort((one, other) => other.seconds - one.seconds)
    .slice(0, slowest)
    .map(({ name, seconds }) => `${name} ${seconds} s`)
    .join(', ');
}

function readResults(file, code) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Error(`jest ended (${code === null ? 'by a signal' : `code ${code}`}) without any results`);
  }
}
