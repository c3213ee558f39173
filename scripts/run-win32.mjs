// node scripts/run-win32.mjs --node MAJOR [--timeout SECONDS] [--env NAME=VALUE]... SCRIPT [ARGUMENT...]
// Runs a script with Node.js for Windows under Wine, in the project's folder. Ends with the script's exit code.
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { nodeMajors, toWindowsPath } from './rig/paths.mjs';
import { runWindowsNode } from './rig/windows-node.mjs';

const timeLimitCode = 124;
const usage =
  'usage: node scripts/run-win32.mjs --node MAJOR [--timeout SECONDS] [--env NAME=VALUE]... SCRIPT [ARGUMENT...]';

function readCommandLine(argv) {
  const options = {
    node: { type: 'string' },
    timeout: { type: 'string' },
    env: { type: 'string', multiple: true },
  };
  const tokens = parseArgs({ args: argv, options, strict: false, tokens: true }).tokens;
  const script = tokens.find(({ kind }) => kind === 'positional')?.index;
  if (script === undefined) throw new Error(usage);
  const { values } = parseArgs({ args: argv.slice(0, script), options });
  const { node = String(nodeMajors.at(-1)), timeout = '300', env = [] } = values;
  if (!nodeMajors.includes(Number(node)) || !(Number(timeout) > 0)) throw new Error(usage);
  return {
    major: Number(node),
    timeoutSeconds: Number(timeout),
    env: Object.fromEntries(env.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)])),
    args: [toWindowsPath(path.resolve(argv[script])), ...argv.slice(script + 1)],
  };
}

async function main() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
  const request = readCommandLine(process.argv.slice(2));
  const result = await runWindowsNode({ ...request, onOutput: (text) => process.stdout.write(text) });
  if (result.timedOut)
    process.stderr.write(`run-win32: terminated after the time limit of ${request.timeoutSeconds} s\n`);
  process.exitCode = result.timedOut ? timeLimitCode : result.code;
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
