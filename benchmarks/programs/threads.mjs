import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { asUser } from '../peers/seteuid.mjs';
import { runSyncs } from '../scopes/hot.mjs';

const nothing = () => undefined;
const idle = "require('node:worker_threads').parentPort.on('message', () => {})";

/** Switches in a process that has the given number of worker threads. */
export default async function open({ alice }, count) {
  const token = await alice.token();
  for (let i = 0; i < count; i++) await once(new Worker(idle, { eval: true }), 'online');
  return {
    runSync: (calls) => runSyncs(token, calls),
    seteuid: (calls) => {
      for (let i = 0; i < calls; i++) asUser(alice, nothing);
    },
  };
}
