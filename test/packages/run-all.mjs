// node run-all.mjs RESULTS [FILTER]...
// Runs every scenario, or those whose package contains a filter, with each version in a process of its own. Writes
// the results to the file RESULTS: see run.mjs for them and for what a scenario is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const [output, ...filters] = process.argv.slice(2);
const atOnce = 2;
const timeout = 60_000;

async function findRuns() {
  const files = readdirSync(path.join(here, 'scenarios'), { recursive: true }).filter((name) =>
    name.endsWith('.mjs'),
  );
  const runs = [];
  for (const file of files.sort().map((name) => path.join(here, 'scenarios', name))) {
    const { scenarios } = await import(pathToFileURL(file).href);
    for (const [name, { versions, title, did, advice, asProcess = false }] of Object.entries(scenarios))
      for (const version of versions) runs.push({ file, name, version, title, did, advice, asProcess });
  }
  return runs.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));
}

function exactVersion({ name, version }) {
  if (version === 'node') return 'built in';
  return JSON.parse(
    readFileSync(path.join(here, 'node_modules', `${name}-${version}`, 'package.json'), 'utf8'),
  ).version;
}

/** Runs one scenario with one version. */
async function runOne(run) {
  const register = pathToFileURL(path.join(here, '..', '..', 'dist', 'register.mjs')).href;
  const args = ['--import', register, path.join(here, 'run.mjs'), run.file, run.name, run.version];
  const child = spawn(process.execPath, ['--no-deprecation', ...args], {
    cwd: here,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout,
    killSignal: 'SIGKILL',
  });
  let [text, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  child.stderr.setEncoding('utf8').on('data', (part) => (errors += part));
  const [code, signal] = await once(child, 'close');
  const { name, title = name, version, did, advice, asProcess } = run;
  const known = { name: title, version, exact: exactVersion(run), did, advice, asProcess };
  try {
    return { ...known, ...JSON.parse(/^result (.*)$/m.exec(text)[1]), errors };
  } catch {
    return { ...known, result: 'fails', details: { ended: signal ?? code, text: text.slice(-2000) }, errors };
  }
}

const runs = await findRuns();
const results = [];
const lane = async () => {
  for (let run = runs.shift(); run; run = runs.shift()) {
    const result = await runOne(run);
    results.push(result);
    console.log(`${result.name} ${result.exact}: ${result.result}`);
  }
};
await Promise.all(Array.from({ length: atOnce }, lane));
writeFileSync(output, JSON.stringify(results, null, 2));
