import { once } from 'node:events';
import { ImpersonatedWorker } from '../product.mjs';

export const name = 'a Worker per user';
export const missing =
  "nothing of the user on its thread, but a thread and its heap for each user, messages for all that goes in and out, and asynchronous fs that is the process's";

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
