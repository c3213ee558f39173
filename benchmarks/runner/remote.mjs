import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const player = fileURLToPath(new URL('./remote-player.mjs', import.meta.url));

/**
 * Starts a process that runs the sides of a program of benchmarks/programs, for sides that need a process of their own.
 * The process measures its rounds itself. Resolves to { side(name, key), request(message), close() }. `key` is the
 * program's name for the work. `through` is a command, with its arguments, that starts node.
 */
export async function remote(program, { args = [], execArgv = [], through = [] } = {}) {
  const file = new URL(`../programs/${program}.mjs`, import.meta.url).href;
  const [execPath, ...first] = [...through, process.execPath];
  const child = fork(player, [file, ...args], {
    execPath,
    execArgv: [...first, ...process.execArgv, ...execArgv],
  });
  const died = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of ${program} ended with ${code}`);
  });
  died.catch(() => {});
  const response = async () => {
    const [{ value, error }] = await Promise.race([once(child, 'message'), died]);
    if (error) throw new Error(error);
    return value;
  };
  const request = (message) => {
    child.send(message);
    return response();
  };
  await response();
  return {
    side: (name, key, rest) => ({
      name,
      round: (batch, samples) => request({ key, batch, samples }),
      ...rest,
    }),
    request,
    close: () => child.kill('SIGKILL'),
  };
}
