import { once } from 'node:events';
import { ImpersonatedWorker, type ImpersonatedWorkerOptions } from 'impersonate';
import { writeSource } from './child';
import { product } from '../paths';

/** Loads the world as the process, before the thread gets its identity. */
const worldFile = require.resolve('../world/routed');
export const asProcessFirst = ['--require', worldFile];

/** What the source of a worker can use besides Token and world. */
const preamble = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { ImpersonatedWorker, runSync, withoutToken } = require(${JSON.stringify(product)});
  const post = (value) => { parentPort.postMessage(value); };
  const me = () => [world.alice, world.bob].filter((who) => world.canOpen(who)).map((who) => who.key).join() + ' ' +
    ([world.alice, world.bob].find((who) => who.id === world.whoAmI())?.key ?? (world.canOpenService() ? 'service' : 'unknown'));
`;

/** Starts a worker that runs the body of an async function. */
export function start(source: string, options: ImpersonatedWorkerOptions): ImpersonatedWorker {
  const file = writeSource('main', preamble + source);
  return new ImpersonatedWorker(file, { execArgv: asProcessFirst, env: process.env, ...options });
}

/** Resolves to the messages that the worker posts until it ends; rejects if it fails. */
export async function postsOf(worker: ImpersonatedWorker): Promise<unknown[]> {
  const posts: unknown[] = [];
  worker.on('message', (value) => posts.push(value));
  const [code] = (await once(worker, 'exit')) as [number];
  if (code !== 0) throw new Error(`the worker ended with ${String(code)}`);
  return posts;
}

/** Starts a worker and resolves to the messages that it posts. */
export function run(source: string, options: ImpersonatedWorkerOptions): Promise<unknown[]> {
  return postsOf(start(source, options));
}

/** Resolves to the worker's 'error', and the messages posted before. */
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
