import * as seteuid from '../peers/seteuid.mjs';
import { impersonateFs, nodeFs } from '../product.mjs';
import { remote } from '../runner/remote.mjs';

const threadCounts = [0, 1, 4, 16];
const { name, missing } = seteuid;

/** process.seteuid(), which changes every thread, in a process for each number of threads. Linux. */
export default async function* comparisons({ alice, port, readable }) {
  if (port !== 'linux') return;
  const players = await Promise.all(
    threadCounts.map((count) => remote('threads', { args: [String(count)] })),
  );
  yield {
    title: 'a switch of the whole process',
    sides: [
      players.at(-1).side(`runSync, with ${threadCounts.at(-1)} worker threads`, 'runSync'),
      ...threadCounts.map((count, index) =>
        players[index].side(
          `${name}, with ${count} worker threads`,
          'seteuid',
          index === 0 ? { missing } : {},
        ),
      ),
    ],
  };
  for (const player of players) player.close();
  const token = await alice.token();
  yield {
    title: 'stat as a user, 1 in flight',
    sides: [
      {
        name: 'impersonate/fs in a flow',
        work: (count) => token.run(each, count, () => impersonateFs.stat(readable)),
      },
      {
        name: `${name} and fs.promises`,
        missing,
        work: (count) => each(count, () => seteuid.asUserUntil(alice, () => nodeFs.promises.stat(readable))),
      },
    ],
  };
  token.close();
}

async function each(count, work) {
  for (let i = 0; i < count; i++) await work();
}
