import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const player = fileURLToPath(new URL('./remote-player.mjs', import.meta.url));

/**
 * A process that plays the sides of a program of benchmarks/programs, for what cannot be in one process with that which
 * it is compared with. Rounds are measured over there. Resolves to { side(name, key), close() }: `key` is the program's
 * name for the work. `through` is a command, with its arguments, that starts node.
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
  const answer = async () => {
    const [{ value, error }] = await Promise.race([once(child, 'message'), died]);
    if (error) throw new Error(error);
    return value;
  };
  const ask = (question) => {
    child.send(question);
    return answer();
  };
  await answer();
  return {
    side: (name, key, told) => ({ name, round: (batch, samples) => ask({ key, batch, samples }), ...told }),
    ask,
    close: () => child.kill('SIGKILL'),
  };
}
