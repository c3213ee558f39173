import { runSyncs } from '../scopes/hot.mjs';

/** Switches in a service that is not root and has its rights as capabilities. */
export default async function open({ alice, bob }) {
  const [token, outer] = [await alice.token(), await bob.token()];
  return {
    pair: alice.pair.work,
    checkedPair: alice.checkedPair.work,
    runSync: (count) => runSyncs(token, count),
    nested: (count) => outer.runSync(runSyncs, token, count),
  };
}
