import { once } from 'node:events';
import { ImpersonatedWorker, type ImpersonatedWorkerOptions } from 'impersonate';
import { writeSource } from './child';
import { product } from '../paths';

/** Loads the witnesses as the process, before the thread takes its identity on. */
const worldFile = require.resolve('../world/routed');
export const asProcessFirst = ['--require', worldFile];

/** What a test's worker has besides Token and world. */
const preamble = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { ImpersonatedWorker, runSync, withoutToken } = require(${JSON.stringify(product)});
  const post = (value) => { parentPort.postMessage(value); };
  const me = () => [world.alice, world.bob].filter((who) => world.canOpen(who)).map((who) => who.key).join() + ' ' +
    ([world.alice, world.bob].find((who) => who.id === world.whoAmI())?.key ?? (world.canOpenService() ? 'service' : 'nobody'));
`;

/** A worker that runs the body of an async function. */
export function start(source: string, options: ImpersonatedWorkerOptions): ImpersonatedWorker {
  const file = writeSource('main', preamble + source);
  return new ImpersonatedWorker(file, { execArgv: asProcessFirst, env: process.env, ...options });
}

/** What the worker posts until it has ended, which must be well. */
export async function postsOf(worker: ImpersonatedWorker): Promise<unknown[]> {
  const posts: unknown[] = [];
  worker.on('message', (value) => posts.push(value));
  const [code] = (await once(worker, 'exit')) as [number];
  if (code !== 0) throw new Error(`the worker ended with ${String(code)}`);
  return posts;
}

/** `start`, and what is posted. */
export function run(source: string, options: ImpersonatedWorkerOptions): Promise<unknown[]> {
  return postsOf(start(source, options));
}

/** What the worker emits as 'error', and what it has posted until then. */
export async function failureOf(
  worker: ImpersonatedWorker,
): Promise<{ error: NodeJS.ErrnoException; posts: unknown[] }> {
  const posts: unknown[] = [];
  worker.on('message', (value) => posts.push(value));
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  const [error] = (await once(worker, 'error')) as [NodeJS.ErrnoException];
  await ended;
  return { error, posts };
}
