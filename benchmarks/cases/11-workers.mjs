import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { ImpersonatedWorker } from '../product.mjs';

const echo = `
  const { parentPort, workerData } = require('node:worker_threads');
  parentPort.on('message', ({ product, ticket }) => {
    if (ticket) require(product).Token.claim(ticket).close();
    parentPort.postMessage(null);
  });`;
const product = new URL('../../dist/index.js', import.meta.url);

/** A token for another thread, and a thread that has a user's identity. */
export default async function* comparisons({ alice }) {
  const file = fileURLToPath(product);
  const token = await alice.token();
  const worker = new Worker(echo, { eval: true });
  const roundTrip = async (message) => {
    worker.postMessage({ product: file, ...message });
    await once(worker, 'message');
  };
  yield {
    title: 'a token handed to a Worker',
    sides: [
      { name: 'a message there and back', work: (count) => each(count, () => roundTrip({})) },
      {
        name: 'share(), claim(), close()',
        work: (count) => each(count, () => roundTrip({ ticket: token.share() })),
      },
    ],
  };
  await worker.terminate();
  yield {
    title: 'the start of a worker, to its end',
    sides: [
      { name: 'Worker', batch: 1, work: () => ended(new Worker('', { eval: true })) },
      {
        name: 'Worker that loads the package',
        batch: 1,
        work: () => ended(new Worker(`require(${JSON.stringify(file)})`, { eval: true })),
      },
      {
        name: 'ImpersonatedWorker',
        batch: 1,
        work: () => ended(new ImpersonatedWorker('', { eval: true, token })),
      },
    ],
  };
  token.close();
}

async function each(count, work) {
  for (let i = 0; i < count; i++) await work();
}

const ended = (worker) => once(worker, 'exit');
