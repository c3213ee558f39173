import fs from 'node:fs/promises';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import * as seteuid from '../peers/seteuid.mjs';
import { impersonateFs } from '../product.mjs';
import { runSyncs } from '../scopes/hot.mjs';

const nothing = () => undefined;
const idle = "require('node:worker_threads').parentPort.on('message', () => {})";

/** process.seteuid(), which changes every thread of the process, by how many there are. Linux. */
export default async function* comparisons({ alice, port, readable }) {
  if (port !== 'linux') return;
  const token = await alice.token();
  const { name, missing } = seteuid;
  const workers = [];
  for (const count of [0, 1, 4, 16]) {
    while (workers.length < count) workers.push(await started());
    yield {
      title: `a switch with ${count} worker threads`,
      sides: [
        { name: 'runSync', work: (calls) => runSyncs(token, calls) },
        { name, missing, work: (calls) => switches(alice, calls) },
      ],
    };
  }
  for (const worker of workers) await worker.terminate();
  yield {
    title: 'stat as a user, 1 in flight',
    sides: [
      { name: 'impersonate/fs in a flow', work: (count) => token.run(each, count, () => impersonateFs.stat(readable)) },
      {
        name: `${name} and fs.promises`,
        missing,
        work: (count) => each(count, () => seteuid.asUserUntil(alice, () => fs.stat(readable))),
      },
    ],
  };
  token.close();
}

function switches(person, count) {
  for (let i = 0; i < count; i++) seteuid.asUser(person, nothing);
}

async function each(count, work) {
  for (let i = 0; i < count; i++) await work();
}

async function started() {
  const worker = new Worker(idle, { eval: true });
  await once(worker, 'online');
  return worker;
}
