const nothing = () => undefined;

/** Scopes of many open tokens of one user, one token after another. */
export default async function open({ alice }, count) {
  const first = await alice.token();
  const tokens = [first];
  while (tokens.length < count) tokens.push(first.duplicate());
  for (const token of tokens) token.runSync(nothing); // the first use of a token verifies it
  let next = 0;
  return {
    scopes: (calls) => {
      for (let i = 0; i < calls; i++) {
        tokens[next].runSync(nothing);
        next = (next + 1) % tokens.length;
      }
    },
  };
}
