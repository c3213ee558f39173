import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { root } from './root.mjs';

const describe = (command, args) => [path.basename(command), ...args].join(' ');

// Runs a command with this process's own terminal, from the project's folder; throws if it does not end with 0.
export function run(command, args = [], { cwd = root, env = process.env } = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${describe(command, args)} ended with ${signal ?? `code ${status}`}`);
}

// Runs a command to its end and gives its exit code (null after a signal) and what it printed, both streams
// in order. Rejects only where the command cannot be started.
export function capture(command, args = [], { cwd = root, env = process.env, input = '' } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, output: Buffer.concat(chunks).toString('utf8') }),
    );
    child.stdin.on('error', () => {}); // the command may end without reading it
    child.stdin.end(input);
  });
}

// Like `capture`, as a check: '' if the command ended with 0, else what it printed.
export async function problemsOf(command, args, options) {
  const { code, signal, output } = await capture(command, args, options);
  if (code === 0) return '';
  return output.trim() || `${describe(command, args)} ended with ${signal ?? `code ${code}`}`;
}

// Where PATH has a program of that name; null if nowhere.
export function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not in this folder
    }
  }
  return null;
}
