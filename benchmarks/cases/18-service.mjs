import { runSyncs } from '../scopes/hot.mjs';
import { remote } from '../runner/remote.mjs';
import { asService } from '../world/service.mjs';

// Large enough that the time of the outer scope does not matter.
const batch = 64;

/** Scopes of a service that is not root, compared with those of root. Linux. */
export default async function* comparisons({ alice, port }) {
  if (port !== 'linux') return;
  const token = await alice.token();
  const service = await remote('service', { through: asService });
  yield {
    title: 'a scope of a service that is not root',
    sides: [
      service.side('the switch pair in C++', 'pair'),
      service.side('the pair and its checks in C++', 'checkedPair'),
      service.side('runSync', 'runSync'),
      service.side('runSync, nested in another token', 'nested', { batch }),
      { name: 'runSync, by root', work: (count) => runSyncs(token, count) },
    ],
  };
  service.close();
  token.close();
}
