const sampleMs = 0.05;
const mostCalls = 1 << 16;
const fewSamples = 5;

/**
 * Finds how many calls of `work` take so long that the clock's resolution does not matter: { batch, ms }. The work has
 * then run often enough to be compiled.
 */
export async function calibrate({ round, batch }) {
  if (batch) return { batch, ms: await msOf(round, batch, 1) };
  for (let calls = 1; ; calls *= 2) {
    const ms = await msOf(round, calls, fewSamples);
    if (ms >= sampleMs || calls >= mostCalls) return { batch: calls, ms };
  }
}

/** Returns the shortest of a few samples, so that other processes' use of the processor is not counted. */
async function msOf(round, batch, samples) {
  return (Math.min(...(await round(batch, samples))) * batch) / 1e6;
}
