import { hotScopes } from '../scopes/hot.mjs';

/** A scope that does nothing, against the bare calls of the system. */
export default async function* comparisons({ alice }) {
  const token = await alice.token();
  yield {
    title: 'a scope, in a hot loop',
    sides: [
      ...[alice.pair, alice.twoCalls, alice.around],
      ...[alice.checkedPair, alice.checkedAround],
      ...(await hotScopes(token)),
    ],
  };
  token.close();
}
