import { runSyncs } from '../scopes/hot.mjs';

// Large enough that the time of the outer scope does not matter.
const batch = 64;

/** Scopes inside a scope: of another token, and of the same token. */
export default async function* comparisons({ alice, bob, floor }) {
  const [outer, inner] = [await alice.token(), await bob.token()];
  yield {
    title: 'a scope inside a scope',
    sides: [
      bob.pair,
      { name: 'runSync, outermost', work: (count) => runSyncs(inner, count) },
      {
        name: 'runSync, nested in another token',
        batch,
        work: (count) => outer.runSync(runSyncs, inner, count),
      },
    ],
  };
  yield {
    title: 'the same token nested',
    sides: [
      { name: 'a native call that does nothing', work: (count) => nothings(floor.nothing, count) },
      {
        name: 'runSync, same token',
        batch: 64 * batch,
        work: (count) => inner.runSync(runSyncs, inner, count),
      },
    ],
  };
  outer.close();
  inner.close();
}

function nothings(nothing, count) {
  for (let i = 0; i < count; i++) nothing();
}
