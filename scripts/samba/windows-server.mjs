// node scripts/samba/windows-server.mjs MAJOR SCRIPT [ARGUMENT...]
// Runs a script with Node.js for Windows under the Wine of the domain's tree, until it is killed.
import path from 'node:path';
import process from 'node:process';
import { toWindowsPath } from '../rig/paths.mjs';
import { runWindowsNode } from '../rig/windows-node.mjs';
import { sambaTree } from './tree.mjs';

const [major, script, ...args] = process.argv.slice(2);
const result = await runWindowsNode({
  major: Number(major),
  args: [toWindowsPath(path.resolve(script)), ...args],
  rig: await sambaTree(),
  timeoutSeconds: 600,
  onOutput: (text) => process.stdout.write(text),
});
process.exitCode = result.code ?? 1;
