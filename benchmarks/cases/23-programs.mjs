import childProcess from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

const isWindows = process.platform === 'win32';
const [file, ...args] = isWindows ? ['cmd.exe', '/d', '/c', 'exit'] : ['/bin/true'];
// The same environment for all, so that none makes one.
const env = isWindows
  ? { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot }
  : { PATH: '/usr/bin:/bin' };

const starts = {
  'a program to its end': ({ spawn }) => once(spawn(file, args, { env, stdio: 'ignore' }), 'exit'),
  'a program with pipes to its end': ({ spawn }) => once(spawn(file, args, { env }), 'close'),
  spawnSync: ({ spawnSync }) => spawnSync(file, args, { env, stdio: 'ignore' }),
};

/** What it takes to start a program as a user, compared with one of the process. */
export default async function* comparisons({ alice }) {
  const token = await alice.token();
  const asUser = { spawn: token.spawn.bind(token), spawnSync: token.spawnSync.bind(token) };
  const side = (name, api, start, most) => ({
    name,
    batch: most,
    work: async (count) => {
      for (let left = count; left > 0; left -= most) {
        await Promise.all(Array.from({ length: Math.min(left, most) }, () => start(api)));
      }
    },
  });
  for (const [name, start] of Object.entries(starts)) {
    for (const most of name === 'spawnSync' ? [1] : [1, 8]) {
      yield {
        title: `${name}, ${most} at a time`,
        sides: [
          side('node:child_process', childProcess, start, most),
          side('as the user', asUser, start, most),
        ],
      };
    }
  }
  token.close();
}
