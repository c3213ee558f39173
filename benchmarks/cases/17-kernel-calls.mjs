/**
 * The number of kernel calls of each operation. It does not depend on the machine, and the numbers under Wine are valid
 * on Windows.
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
