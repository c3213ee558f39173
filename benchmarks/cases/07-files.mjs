import { impersonateFs, nodeFs } from '../product.mjs';

const counts = [1, 4, 16, 64];

/** File work of a flow on pool threads under the user's token, compared with node:fs/promises. */
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

/** Runs the work `count` times, with a constant number in flight. */
export async function inFlight(most, count, work) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: most }, lane));
}
