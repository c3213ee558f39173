import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const program = fileURLToPath(new URL('../programs/server.mjs', import.meta.url));
const connectionCounts = [1, 16, 64];
const usualConnections = 8;
const requests = process.platform === 'win32' ? 64 : 160;

/** Requests of a server. Each kind has a process of its own, and all run at the same time. The client is autocannon. */
export default async function* comparisons({ readable }, { once: justOnce }) {
  const file = `/${path.basename(readable)}`;
  const groups = {
    'a request': [['plain'], ['flow']],
    'a request that reads a file': [['plain read'], ['flow read']],
    'a file by serve-static': [
      ['static unrouted', { name: 'node:fs', file }],
      ['static', { name: 'routed, outside of a flow', file }],
      ['static in a flow', { name: 'routed, in a flow', file }],
    ],
  };
  for (const [title, kinds] of Object.entries(groups)) {
    const servers = await Promise.all(kinds.map(([kind, options]) => startServer(kind, options)));
    for (const connections of title.includes('serve-static') ? connectionCounts : [usualConnections]) {
      const amount = justOnce ? connections : Math.max(requests, connections * 4);
      yield {
        title: connections === usualConnections ? title : `${title}, ${connections} connections`,
        unit: 'requests',
        rounds: 9,
        sides: servers.map(({ name, url }) => ({
          name,
          batch: amount,
          round: async () => [await nsPerRequest(url, connections, amount)],
        })),
      };
    }
    for (const { child } of servers) child.kill('SIGKILL');
  }
}

async function startServer(kind, { name = kind, file = '/' } = {}) {
  const child = fork(program, [kind]);
  const [port] = await once(child, 'message');
  return { name, child, url: `http://127.0.0.1:${port}${file}` };
}

/** Measures from the start to the last response, over all connections. */
function nsPerRequest(url, connections, amount) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let last = start;
    // autocannon checks every sampleInt milliseconds whether it has finished.
    const run = autocannon({ url, connections, amount, sampleInt: 20 }, (error, result) => {
      if (error) reject(error);
      else if (result['2xx'] !== amount)
        reject(new Error(`${result['2xx']} of ${amount} requests succeeded: ${url}`));
      else resolve(((last - start) / amount) * 1e6);
    });
    run.on('response', () => (last = performance.now()));
  });
}
