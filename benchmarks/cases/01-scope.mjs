import { hotScopes } from '../scopes/hot.mjs';

/** An empty scope, compared with the bare system calls. */
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
