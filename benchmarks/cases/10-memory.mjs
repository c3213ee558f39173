import process from 'node:process';

/** Memory of an open token in this process: JavaScript's heap and C++'s heap, without the kernel's memory. */
export default async function* comparisons({ alice, floor }, { once }) {
  const count = once ? 10 : 5000;
  const made = await Promise.all(Array.from({ length: 10 }, () => alice.token()));
  const tokens = new Array(count).fill(undefined);
  const before = held(floor);
  for (let i = 0; i < count; i++) tokens[i] = made[i % made.length].duplicate();
  const after = held(floor);
  const perToken = (name) => Math.round((after[name] - before[name]) / count);
  yield {
    title: 'memory of an open token',
    figures: [
      { name: "JavaScript's heap", value: perToken('heap'), unit: 'bytes' },
      { name: "C++'s heap", value: perToken('native'), unit: 'bytes' },
    ],
  };
  for (const token of tokens) token.close();
}

function held(floor) {
  for (let i = 0; i < 3; i++) globalThis.gc();
  return { heap: process.memoryUsage().heapUsed, native: floor.allocatedBytes() };
}
