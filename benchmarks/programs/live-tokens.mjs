const nothing = () => undefined;

/** So many open tokens of one user, which take turns. */
export default async function open({ alice }, count) {
  const first = await alice.token();
  const tokens = [first];
  while (tokens.length < count) tokens.push(first.duplicate());
  for (const token of tokens) token.runSync(nothing); // each is verified at its first use
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
