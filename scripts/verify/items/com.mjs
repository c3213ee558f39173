import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { never } from '../check.mjs';

// In a process of its own, as it is set once for a process.
const program = fileURLToPath(new URL('../com-security.mjs', import.meta.url));

async function once() {
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  const outcomes = stdout.trim().split(/\r?\n/);
  assert.deepEqual(outcomes, ['done', 'RPC_E_TOO_LATE']);
  return 'it is set once; the second time: RPC_E_TOO_LATE';
}

export const com = {
  name: 'com',
  checks: [
    { what: 'initializeComSecurity', wine: 'sets it as often as it is asked to', run: once },
    never(
      'a call in a scope goes out as the user',
      'needs a COM server that reports its caller, winax, and for another machine delegation',
    ),
  ],
};
