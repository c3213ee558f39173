import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { root } from './root.mjs';

const describe = (command, args) => [path.basename(command), ...args].join(' ');

// Runs a command with this process's terminal, in the project's folder. Throws unless the exit code is 0.
export function run(command, args = [], { cwd = root, env = process.env } = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd, env, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${describe(command, args)} ended with ${signal ?? `code ${status}`}`);
}

// Runs a command to its end. Resolves to its exit code (null after a signal) and its output, both streams in order.
// Rejects only if the command cannot be started.
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

// Like `capture`, as a check: resolves to '' if the exit code is 0, else to the output.
export async function problemsOf(command, args, options) {
  const { code, signal, output } = await capture(command, args, options);
  if (code === 0) return '';
  return output.trim() || `${describe(command, args)} ended with ${signal ?? `code ${code}`}`;
}

// Returns the path of a program in PATH; null if there is none.
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

// Calls asynchronous functions, as many at a time as there are processors, and gives their results in order.
export async function inParallel(jobs) {
  const results = [];
  const queue = jobs.entries();
  const worker = async () => {
    for (const [index, job] of queue) results[index] = await job();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}
