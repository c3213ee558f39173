// node scripts/bench.mjs [--port linux|win32]... [--node MAJOR]... [--seconds N] [--once] [--compare FILE] [CASE]...
// Measures token switches on both ports with Node.js 20, 22, 24 and 26, and writes benchmarks/report and the charts in
// docs/images. --port and --node select (also a list: --node 24,26). With the name of a case, or a part of it, only
// these cases run, and the result is printed and not written. --seconds: the time of each comparison, 0.3 by default.
// --once: runs each side once, to check that it works. --compare: prints the changes since an earlier report, a JSON
// file of benchmarks/report, on its port and its versions of Node.js. `npm run docs` draws the charts again.
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { nodeMajors } from './rig/paths.mjs';
import { prepareBenchmarks, runBenchmarks } from './suites/benchmarks.mjs';
import { root } from './support/root.mjs';

const ports = ['linux', 'win32'];
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

function readCommandLine() {
  const options = {
    port: { type: 'string', multiple: true, default: ports },
    node: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '0.3' },
    once: { type: 'boolean', default: false },
    compare: { type: 'string' },
  };
  const { values, positionals: cases } = parseArgs({ options, allowPositionals: true });
  const list = (texts) => texts.flatMap((text) => text.split(','));
  const earlier = values.compare && JSON.parse(readFileSync(values.compare, 'utf8'));
  const usual = earlier ? earlier.runs.map(({ node }) => /\d+/.exec(node)[0]) : nodeMajors.map(String);
  const chosen = {
    earlier,
    ports: earlier ? [earlier.port] : list(values.port),
    majors: list(values.node ?? usual).map(Number),
  };
  if (chosen.ports.some((port) => !ports.includes(port))) throw new Error(`--port takes ${ports.join(', ')}`);
  if (chosen.majors.some((major) => !nodeMajors.includes(major)))
    throw new Error(`--node takes ${nodeMajors.join(', ')}`);
  if (!(Number(values.seconds) > 0)) throw new Error('--seconds takes a positive number');
  return { ...values, ...chosen, seconds: Number(values.seconds), cases };
}

const machine = () => ({
  processor: os.cpus()[0].model,
  cores: os.availableParallelism(),
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  load: Number(os.loadavg()[0].toFixed(1)),
});

async function measurePort(port, { majors, cases, seconds, once }) {
  const report = { port, date: new Date().toISOString(), version, seconds, machine: machine(), runs: [] };
  for (const major of majors) {
    console.log(`${port}, node ${major}`);
    const write = (text) => process.stdout.write(text);
    report.runs.push(await runBenchmarks(port, major, { cases, seconds, once }, write));
  }
  return report;
}

const failuresOf = ({ runs }) => runs.flatMap(({ cases }) => cases.filter(({ failure }) => failure));

async function main() {
  const chosen = readCommandLine();
  const { earlier } = chosen;
  await prepareBenchmarks(chosen.ports);
  const { movements, tables, writeReport } = await import('../benchmarks/reporter/index.mjs');
  for (const port of chosen.ports) {
    const report = await measurePort(port, chosen);
    if (failuresOf(report).length > 0) process.exitCode = 1;
    if (chosen.once) continue;
    if (earlier) console.log(movements(earlier, report));
    else if (chosen.cases.length > 0) console.log(tables(report));
    else console.log(`written: ${(await writeReport(report)).join(', ')}`);
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
