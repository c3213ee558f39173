/** Awaits of nothing; with 'opened' after a scope of an earlier job. */
export default async function open({ alice }, state) {
  const token = await alice.token();
  if (state === 'opened') {
    token.impersonate().revert();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { outside: awaits, inside: (count) => token.run(awaits, count) };
}

async function awaits(count) {
  for (let i = 0; i < count; i++) await undefined;
}
