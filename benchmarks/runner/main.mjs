// node main.mjs OUTPUT OPTIONS: runs the cases with this node, each in a few processes of its own, and writes the
// results to OUTPUT as JSON: { node, cases: [{ case, comparisons, failure }] }. If there is a failure, the comparisons
// are those of the processes without one. Options are JSON: { cases, seconds, once }.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { summarize } from './summary.mjs';

const casesFolder = fileURLToPath(new URL('../cases/', import.meta.url));
const runCase = fileURLToPath(new URL('./run-case.mjs', import.meta.url));
const limitMs = 90_000;
// Fewer under Wine, where a start takes long and times do not matter.
const launches = process.platform === 'win32' ? 2 : 3;

// Short programs may end with open tokens. node:ffi, from Node 26 on, needs a flag.
const quiet = [
  '--expose-gc',
  '--disable-warning=IMPERSONATE_TOKEN_NOT_CLOSED',
  '--disable-warning=ExperimentalWarning',
];
const experimental = ['--experimental-ffi'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));

const [output, options] = process.argv.slice(2);
const { cases: wanted = [], seconds = 0, once = false } = JSON.parse(options);
const caseOptions = { seconds: seconds / launches, once };

function run(file, result) {
  const args = [...quiet, ...experimental, runCase, file, result, JSON.stringify(caseOptions)];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: limitMs });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(readFileSync(result, 'utf8')));
      else reject(new Error(`ended with ${signal ?? `code ${code}`}: ${errors.trim()}`));
    });
  });
}

/** Runs the case in a process and returns its comparisons, or its failure. */
async function launch(name) {
  const start = performance.now();
  const found = await run(path.join(casesFolder, `${name}.mjs`), path.join(folder, name)).then(
    (comparisons) => ({ comparisons }),
    ({ message }) => ({ failure: message }),
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`  ${name} ${seconds} s${found.failure ? `, FAILED: ${found.failure}` : ''}\n`);
  return { case: name, ...found };
}

/** Runs all cases one after the other, or two at a time if nothing is measured. */
async function pass(names) {
  const left = [...names];
  const found = [];
  const lane = async () => {
    while (left.length > 0) found.push(await launch(left.shift()));
  };
  await Promise.all(Array.from({ length: once ? 2 : 1 }, lane));
  return found;
}

/** Runs all cases several times, so that a temporary load does not affect all processes of one case. */
async function measure(names) {
  const found = [];
  for (let i = 0; i < (once ? 1 : launches); i++) found.push(...(await pass(names)));
  return names.map((name) => {
    const own = found.filter((one) => one.case === name);
    const { failure } = own.find((one) => one.failure) ?? {};
    const good = own.filter(({ comparisons }) => comparisons);
    const comparisons = good.length > 0 ? summarize(good.map((one) => one.comparisons)) : [];
    return { case: name, failure, comparisons };
  });
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'impersonate-bench-'));
const files = readdirSync(casesFolder).filter((name) => name.endsWith('.mjs'));
const names = files.map((name) => name.slice(0, -'.mjs'.length)).sort();
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const cases = await measure(chosen);
rmSync(folder, { recursive: true, force: true });
writeFileSync(output, JSON.stringify({ node: process.version, cases }));
