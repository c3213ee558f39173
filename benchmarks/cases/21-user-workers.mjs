import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { UserWorkers } from '../product.mjs';

const tasks = new URL('data:text/javascript,export default (task) => task');
const thread = `const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (task) => parentPort.postMessage(task));`;
const program = `process.on('message', (task) => process.send(task));`;

/** What performs tasks: each open() resolves after its first one. */
const performers = (token) => ({
  'a plain Worker': async () => {
    const worker = new Worker(thread, { eval: true });
    const run = async () => {
      worker.postMessage(1);
      await once(worker, 'message');
    };
    await run();
    return { run, close: () => worker.terminate() };
  },
  UserWorkers: async () => {
    const workers = new UserWorkers(tasks);
    const run = () => workers.run(token, 1);
    await run();
    return { run, close: () => workers.destroy() };
  },
  'a process': async () => {
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const run = async () => {
      child.send(1);
      await once(child, 'message');
    };
    const close = async () => {
      child.kill();
      await once(child, 'exit');
    };
    await run();
    return { pid: child.pid, run, close };
  },
});

/** A worker of UserWorkers, as there is one for each user, beside a plain Worker and a process. */
export default async function* comparisons({ alice, port }, { once: isOnce }) {
  const token = await alice.token();
  // Under Wine a program cannot send messages to its parent.
  const all = Object.entries(performers(token)).filter(([name]) => port === 'linux' || name !== 'a process');
  yield {
    title: "the first task of a user, and the end of the user's worker",
    sides: all.map(([name, open]) => ({ name, batch: 1, work: async () => (await open()).close() })),
  };
  const opened = await Promise.all(all.map(async ([name, open]) => ({ name, ...(await open()) })));
  yield {
    title: 'a further task of a user',
    sides: opened.map(({ name, run }) => ({ name, work: (count) => each(count, run) })),
  };
  for (const { close } of opened) await close();
  const figures = [];
  for (const [name, open] of all) figures.push({ name, unit: 'bytes', value: await memory(open, isOnce) });
  yield { title: 'memory for each user', figures };
  token.close();
}

async function each(count, work) {
  for (let i = 0; i < count; i++) await work();
}

/** A process has its part of the pages that it shares. */
function held({ pid }) {
  const [, kilobytes] = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  return Number(kilobytes) * 1024;
}

async function memory(open, isOnce) {
  const count = isOnce ? 1 : 8;
  const opened = [];
  const before = process.memoryUsage.rss();
  while (opened.length < count) opened.push(await open());
  const own = process.memoryUsage.rss() - before;
  const total = opened[0].pid === undefined ? own : opened.reduce((sum, one) => sum + held(one), 0);
  for (const { close } of opened) await close();
  return Math.round(total / count);
}
