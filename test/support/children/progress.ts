import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const second = 1000;
const tick = 10; // ms: what /proc counts processor time in

/** Milliseconds of processor time that a process has used; 0 where the system has no /proc. */
function processorTime(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    // Its own and that of the children it has waited for: fields 14 to 17 of proc(5).
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) * tick;
  } catch {
    return 0;
  }
}

/**
 * Ends a child that makes no progress: one that prints nothing for `limit` milliseconds and is idle, or that has used so
 * much processor time since it last printed. However busy the machine is, a child that makes progress is not ended. Without
 * /proc only what it prints counts, and the limit is five times as long.
 */
export function endWithoutProgress(child: ChildProcess, limit: number): void {
  const pid = child.pid ?? 0;
  const longest = process.platform === 'linux' ? limit : limit * 5;
  let [since, used] = [performance.now(), 0];
  const progress = (): void => {
    [since, used] = [performance.now(), processorTime(pid)];
  };
  child.stdout?.on('data', progress);
  child.stderr?.on('data', progress);
  const timer = setInterval(() => {
    const silent = performance.now() - since;
    const worked = processorTime(pid) - used;
    const idle = silent >= longest && worked < silent / 100;
    if (idle || worked >= limit) child.kill('SIGKILL');
  }, second);
  child.once('exit', () => {
    clearInterval(timer);
  });
  child.once('error', () => {
    clearInterval(timer);
  });
}

/** Polls a condition that has no event, and gives up after a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 60 * second;
  while (!condition() && performance.now() < end) await delay(5);
}
