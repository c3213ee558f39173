import { impersonateFs, nodeFs } from '../product.mjs';

const counts = [1, 4, 16, 64];

/** File work of a flow, by pool threads that take the user on for each call, against the same by node:fs/promises. */
export default async function* comparisons({ alice, readable }) {
  const token = await alice.token();
  const operations = {
    stat: (api) => api.stat(readable),
    'open + read + close': async (api) => {
      const handle = await api.open(readable);
      await handle.read(Buffer.allocUnsafe(4096), 0, 4096, 0);
      await handle.close();
    },
    readFile: (api) => api.readFile(readable),
  };
  for (const [name, work] of Object.entries(operations)) {
    for (const most of counts) {
      const batch = most * 4;
      yield {
        title: `${name}, ${most} in flight`,
        sides: [
          { name: 'fs.promises', batch, work: (count) => inFlight(most, count, () => work(nodeFs.promises)) },
          {
            name: 'impersonate/fs in a flow',
            batch,
            work: (count) => token.run(() => inFlight(most, count, () => work(impersonateFs))),
          },
        ],
      };
    }
  }
  token.close();
}

/** `count` times the work, so many at any time. */
export async function inFlight(most, count, work) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: most }, lane));
}
