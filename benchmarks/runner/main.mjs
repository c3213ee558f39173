// node main.mjs OUTPUT OPTIONS: runs the cases with this node, each in a process of its own, and writes what they
// found to OUTPUT as JSON: { node, cases: [{ case, comparisons } or { case, failure }] }. Options are JSON: { cases,
// seconds, once }.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const casesFolder = fileURLToPath(new URL('../cases/', import.meta.url));
const runCase = fileURLToPath(new URL('./run-case.mjs', import.meta.url));
const limitMs = 120_000;

// Short programs may end with tokens open; node:ffi, from Node 26 on, wants to be asked for.
const quiet = [
  '--expose-gc',
  '--disable-warning=IMPERSONATE_TOKEN_NOT_CLOSED',
  '--disable-warning=ExperimentalWarning',
];
const experimental = ['--experimental-ffi'].filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));

const [output, options] = process.argv.slice(2);
const { cases: wanted = [], ...caseOptions } = JSON.parse(options);

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

async function measureCase(name) {
  const start = performance.now();
  const result = await run(path.join(casesFolder, `${name}.mjs`), path.join(folder, name)).then(
    (comparisons) => ({ comparisons }),
    ({ message }) => ({ failure: message }),
  );
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`  ${name} ${seconds} s${result.failure ? `, FAILED: ${result.failure}` : ''}\n`);
  return { case: name, ...result };
}

/** One after the other, or two at a time where nothing is measured. */
async function measureAll(names) {
  const left = [...names.entries()];
  const cases = [];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) cases[next[0]] = await measureCase(next[1]);
  };
  await Promise.all(Array.from({ length: caseOptions.once ? 2 : 1 }, lane));
  return cases;
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'impersonate-bench-'));
const files = readdirSync(casesFolder).filter((name) => name.endsWith('.mjs'));
const names = files.map((name) => name.slice(0, -'.mjs'.length)).sort();
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const cases = await measureAll(chosen);
rmSync(folder, { recursive: true, force: true });
writeFileSync(output, JSON.stringify({ node: process.version, cases }));
