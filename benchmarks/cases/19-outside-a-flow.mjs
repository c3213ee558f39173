import fs from 'node:fs';
import { nodeFs } from '../product.mjs';

/** The cost of routing without a token: one check, compared with Node's own functions. */
export default async function* comparisons({ readable }) {
  const operations = {
    statSync: (api) => (count) => {
      for (let i = 0; i < count; i++) api.statSync(readable);
    },
    'promises.stat': (api) => async (count) => {
      for (let i = 0; i < count; i++) await api.promises.stat(readable);
    },
    'readFile with a callback': (api) => async (count) => {
      for (let i = 0; i < count; i++) await new Promise((done) => api.readFile(readable, done));
    },
  };
  for (const [name, work] of Object.entries(operations)) {
    yield {
      title: `${name}, outside of a flow`,
      sides: [
        { name: "node's own", work: work(nodeFs) },
        { name: 'routed', work: work(fs) },
      ],
    };
  }
}
