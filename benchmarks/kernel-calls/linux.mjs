import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { scopesToCount } from '../programs/scopes-to-count.mjs';
import { asService } from '../world/service.mjs';

const program = fileURLToPath(new URL('../programs/count-calls.mjs', import.meta.url));
// Calls of threads at any time, or when they wait for others.
const chance = new Set(
  'epoll_pwait epoll_wait futex getpid gettid madvise mmap mprotect munmap sched_yield'.split(' '),
);

// The kinds whose count differs if the process is not root.
const ofService = ['the switch pair in C++', 'runSync, outermost', 'runSync, nested in another token'];

/** Counts the system calls of one scope of each kind in all threads, with strace: { kind: { call: count } }. */
export async function countCalls(world, count) {
  const kinds = Object.keys(await scopesToCount(world));
  const byRoot = callsOf(kinds, count);
  const byService = callsOf(kinds, count, asService);
  for (const kind of ofService) byRoot[`${kind}, by a service that is not root`] = byService[kind];
  return byRoot;
}

function callsOf(kinds, count, through = []) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'impersonate-strace-'));
  const log = path.join(folder, 'log');
  const node = [...through, process.execPath, ...process.execArgv, program, String(count)];
  const { status, stderr, error } = spawnSync('strace', ['-f', '-o', log, ...node], { encoding: 'utf8' });
  if (error || status !== 0) throw error ?? new Error(`strace: ${stderr}`);
  const text = readFileSync(log, 'utf8');
  rmSync(folder, { recursive: true });
  return Object.fromEntries(kinds.map((kind, index) => [kind, perScope(between(text, index), count)]));
}

function between(text, index) {
  const begin = text.indexOf(`/mark/begin/${index}"`);
  const lines = text.slice(begin, text.indexOf(`/mark/end/${index}"`)).split('\n');
  return lines.slice(1, -1); // without the marks
}

/** A call that other threads interrupt has two lines. The first has the name and the bracket. */
function perScope(lines, count) {
  const calls = {};
  for (const line of lines) {
    const name = /^\d+\s+(\w+)\(/.exec(line)?.[1];
    if (name && !chance.has(name)) calls[name] = (calls[name] ?? 0) + 1;
  }
  const each = Object.entries(calls).map(([name, calls]) => [name, Math.round((calls / count) * 10) / 10]);
  return Object.fromEntries(each.filter(([, calls]) => calls >= 0.5).sort());
}
