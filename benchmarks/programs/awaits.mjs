/** Awaits that wait for nothing. With 'opened' an earlier job of the process has opened a scope. */
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
