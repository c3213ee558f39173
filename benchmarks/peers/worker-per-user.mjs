import { once } from 'node:events';
import { ImpersonatedWorker } from '../product.mjs';

export const name = 'a Worker per user';
export const missing =
  'asynchronous fs as the user, because pool threads act as the process; it also needs a thread and a heap for each user, and messages for all input and output';

const source = `
  const fs = require('node:fs');
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (file) => parentPort.postMessage(fs.statSync(file).size));
  parentPort.postMessage('ready');`;

/** A thread that has the user's identity for its whole life, and does file work by messages. */
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
