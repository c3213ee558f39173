/**
 * How often the kernel is asked, by what for: nothing of this depends on the machine, and on Windows it is what of
 * Wine's figures holds there.
 */
export default async function* comparisons(world, { once }) {
  const { countCalls } = await import(`../kernel-calls/${world.port}.mjs`);
  const counted = await countCalls(world, once ? 2 : 200);
  yield {
    title: 'kernel calls',
    figures: Object.entries(counted).map(([name, calls]) => ({
      name,
      value: Object.values(calls).reduce((sum, count) => sum + count, 0),
      unit: 'calls',
      note: Object.entries(calls)
        .map(([call, count]) => `${call} ${count}`)
        .join(', '),
    })),
  };
}
