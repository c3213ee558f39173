import os from 'node:os';
import path from 'node:path';
import { impersonateFs, nodeFs } from '../product.mjs';

const { chmod, mkdtemp, rm } = nodeFs.promises;

/** Calls in flight. */
export const counts = [1, 4, 16, 64];

/** File work of a flow on user threads, compared with node:fs/promises. */
export default async function* comparisons({ alice, readable }) {
  const token = await alice.token();
  const { operations, removed } = await fileOperations(readable);
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
  await removed();
}

/** What is measured with either file system; any user may write to the folder. The users have as many files as one. */
export async function fileOperations(readable, users = 1) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'impersonate-bench-'));
  await chmod(folder, 0o777);
  const filesEach = Math.ceil(64 / users);
  let written = 0;
  const operations = {
    stat: (api) => api.stat(readable),
    'open + read + close': async (api) => {
      const handle = await api.open(readable);
      await handle.read(Buffer.allocUnsafe(4096), 0, 4096, 0);
      await handle.close();
    },
    readFile: (api) => api.readFile(readable),
    // Each user has files of his own.
    writeFile: (api, user = 0) =>
      api.writeFile(
        path.join(folder, api === impersonateFs ? `a${user}-${written++ % filesEach}` : `b${written++ % 64}`),
        'a short text',
      ),
    readdir: (api) => api.readdir(path.dirname(readable)),
  };
  return { operations, removed: () => rm(folder, { recursive: true }) };
}

/** Runs the work `count` times, with a constant number in flight. */
export async function inFlight(most, count, work) {
  let left = count;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: most }, lane));
}
