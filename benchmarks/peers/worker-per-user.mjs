import { once } from 'node:events';
import { ImpersonatedWorker } from '../product.mjs';

export const name = 'a Worker per user';
export const missing =
  'asynchronous fs as the user, which pool threads do as the process; and it takes a thread and a heap for each user, and messages for all that goes in and out';

const source = `
  const fs = require('node:fs');
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (file) => parentPort.postMessage(fs.statSync(file).size));
  parentPort.postMessage('ready');`;

/** A thread that is the user for its whole life, and does file work by messages. */
export async function open(token) {
  const worker = new ImpersonatedWorker(source, { eval: true, token });
  await once(worker, 'message');
  return {
    stat: async (file) => {
      worker.postMessage(file);
      await once(worker, 'message');
    },
    close: () => worker.terminate(),
  };
}
