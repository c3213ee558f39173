import { measure } from 'mitata';

// mitata makes no decisions of its own: no batches, no rescaling, no discarded samples.
const exactly = {
  gc: false,
  min_cpu_time: 0,
  batch_threshold: 0,
  warmup_threshold: 0,
  samples_threshold: Infinity,
};

/** Runs one round: `work(batch)` `samples` times. Resolves to the ns of a single call in each. */
export async function round(work, batch, samples) {
  const measured = samples === 1 ? [await nsOf(work, batch)] : await harness(() => work(batch), samples);
  return measured.map((ns) => ns / batch);
}

/** Runs the work once without measuring, and then `samples` times. */
async function harness(work, samples) {
  const result = await measure(work, { ...exactly, min_samples: samples, max_samples: samples });
  return result.samples;
}

/** Runs slow work, of which a round has only one sample, without an unmeasured run before. */
async function nsOf(work, batch) {
  const start = performance.now();
  await work(batch);
  return (performance.now() - start) * 1e6;
}
