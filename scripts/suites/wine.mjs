import process from 'node:process';
import { jestEnvironment, linuxNodeFolder, windowsNode } from '../rig/npm-packages.mjs';
import { nodeMajors, toWindowsPath } from '../rig/paths.mjs';
import { runWindowsNode } from '../rig/windows-node.mjs';
import { wine } from '../rig/wine.mjs';
import { runJest } from './jest.mjs';

const timeoutSeconds = 7200;

/** Downloads what these suites need. A failed download is reported by the suite that needs it. */
export async function fetchForWine(majors) {
  const nodes = majors.map(windowsNode);
  await Promise.allSettled([wine(), jestEnvironment(), linuxNodeFolder(nodeMajors[0]), ...nodes]);
}

/**
 * Runs the built Windows tests with Node.js for Windows of a major version, or a part of them (jest's --shard).
 * `write(text)` gets their output. Resolves to { passed, failed, skipped }.
 */
export async function testUnderWine({ major, filters = [], shard, write }) {
  const env = { ...(await jestEnvironment()), FORCE_COLOR: process.stdout.isTTY ? '1' : '0' };
  const start = async (args) => {
    const { code, timedOut } = await runWindowsNode({ major, args, env, timeoutSeconds, onOutput: write });
    if (timedOut) throw new Error(`terminated after the time limit of ${timeoutSeconds} s`);
    return code;
  };
  return runJest(start, { nameFile: toWindowsPath, filters, shard, write });
}
