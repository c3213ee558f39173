import { AsyncLocalStorage } from 'node:async_hooks';

const request = async () => undefined;

/** A flow for each request, compared with an AsyncLocalStorage that carries another value. */
export default async function* comparisons({ alice }) {
  const token = await alice.token();
  const storage = new AsyncLocalStorage();
  yield {
    title: 'a flow per request',
    sides: [
      { name: 'AsyncLocalStorage.run', work: (count) => each(count, () => storage.run(token, request)) },
      { name: 'no flow', work: (count) => each(count, request) },
      { name: 'token.run', work: (count) => each(count, () => token.run(request)) },
    ],
  };
  token.close();
}

async function each(count, work) {
  for (let i = 0; i < count; i++) await work();
}
