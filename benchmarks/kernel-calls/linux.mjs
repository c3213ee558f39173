import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { scopesToCount } from '../programs/scopes-to-count.mjs';
import { asService } from '../world/service.mjs';

const program = fileURLToPath(new URL('../programs/count-calls.mjs', import.meta.url));
// What threads do when they like, or when others make them wait.
const chance = new Set(
  'epoll_pwait epoll_wait futex getpid gettid madvise mmap mprotect munmap sched_yield'.split(' '),
);

// What differs where the process is not root.
const ofService = ['the switch pair in C++', 'runSync, outermost', 'runSync, nested in another token'];

/** System calls of one scope of each kind, in all threads: { kind: { call: count } }, as strace sees them. */
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
  return lines.slice(1, -1); // the marks themselves
}

/** A call that other threads interrupt takes two lines, of which the first has the name and the bracket. */
function perScope(lines, count) {
  const calls = {};
  for (const line of lines) {
    const name = /^\d+\s+(\w+)\(/.exec(line)?.[1];
    if (name && !chance.has(name)) calls[name] = (calls[name] ?? 0) + 1;
  }
  const each = Object.entries(calls).map(([name, calls]) => [name, Math.round((calls / count) * 10) / 10]);
  return Object.fromEntries(each.filter(([, calls]) => calls >= 0.5).sort());
}
