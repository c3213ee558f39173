const sampleMs = 0.05;
const mostCalls = 1 << 16;
const fewSamples = 5;

/**
 * How often `work` has to be done for the clock not to matter, and how long that takes: { batch, ms }. It has then been
 * done often enough to be compiled.
 */
export async function calibrate({ round, batch }) {
  if (batch) return { batch, ms: await msOf(round, batch, 1) };
  for (let calls = 1; ; calls *= 2) {
    const ms = await msOf(round, calls, fewSamples);
    if (ms >= sampleMs || calls >= mostCalls) return { batch: calls, ms };
  }
}

/** The fastest of few: what takes the processor away meanwhile is not the work's time. */
async function msOf(round, batch, samples) {
  return (Math.min(...(await round(batch, samples))) * batch) / 1e6;
}
