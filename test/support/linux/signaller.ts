import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../folders';
import { world } from '../world/linux';

const replyUntilEnd = `while read id; do if kill -s 0 "$id" 2>/dev/null; then echo 'yes'; else echo 'no '; fi; done`;

/**
 * For child programs on Linux: `maySignal(id)` returns whether a process of alice may signal that process or thread;
 * `signallerId` is the id of that process. It already runs, so that a synchronous scope can query it.
 */
export function signaller(): { readonly source: string; readonly stop: () => void } {
  const folder = tempFolder('signaller');
  chmodSync(folder, 0o755);
  const pipes = ['requests', 'replies'].map((name) => join(folder, name));
  execFileSync('mkfifo', ['-m', '0666', ...pipes]);
  for (const pipe of pipes) chmodSync(pipe, 0o666);
  const ends = pipes.map((pipe) => openSync(pipe, 'r+'));
  const { uid, gid } = world.alice;
  const child = spawn('/bin/sh', ['-c', replyUntilEnd], { stdio: [...ends, 'inherit'], uid, gid, cwd: '/' });
  const source = `const [requests, replies] = ${JSON.stringify(pipes)}.map((path) => fs.openSync(path, 'r+'));
  const signallerId = ${String(child.pid)};
  const maySignal = (id) => {
    fs.writeSync(requests, id + '\\n');
    const reply = Buffer.alloc(4);
    for (let length = 0; length < 4; ) length += fs.readSync(replies, reply, length, 4 - length);
    return reply.toString() === 'yes\\n';
  };
  const threadId = () => Number(/^Pid:\\s+(\\d+)/m.exec(fs.readFileSync('/proc/thread-self/status', 'utf8'))[1]);`;
  const stop = (): void => {
    child.kill();
    ends.forEach(closeSync);
  };
  return { source, stop };
}
