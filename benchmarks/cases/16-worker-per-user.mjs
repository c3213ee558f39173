import process from 'node:process';
import * as perUser from '../peers/worker-per-user.mjs';
import { impersonateFs, nodeFs } from '../product.mjs';

/** File work by a thread that keeps the user's identity, compared with a scope or a flow of this thread. */
export default async function* comparisons({ alice, readable }, { once }) {
  const token = await alice.token();
  const worker = await perUser.open(token);
  const { name, missing } = perUser;
  yield {
    title: 'stat as a user, by a worker',
    sides: [
      {
        name: 'impersonate/fs in a flow',
        work: (count) => token.run(each, count, () => impersonateFs.stat(readable)),
      },
      {
        name: 'statSync in runSync',
        work: (count) => each(count, () => token.runSync(nodeFs.statSync, readable)),
      },
      { name, missing, work: (count) => each(count, () => worker.stat(readable)) },
    ],
  };
  await worker.close();
  yield { title: 'memory of a Worker per user', figures: [await memory(token, once ? 1 : 8)] };
  token.close();
}

async function memory(token, count) {
  const before = process.memoryUsage.rss();
  const workers = [];
  while (workers.length < count) workers.push(await perUser.open(token));
  const value = Math.round((process.memoryUsage.rss() - before) / count);
  for (const worker of workers) await worker.close();
  return { name: perUser.name, value, unit: 'bytes' };
}

async function each(count, work) {
  for (let i = 0; i < count; i++) await work();
}
