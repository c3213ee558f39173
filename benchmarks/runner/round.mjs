import { measure } from 'mitata';

// mitata alone decides nothing here: no batches, no rescaling, no samples thrown away.
const exactly = {
  gc: false,
  min_cpu_time: 0,
  batch_threshold: 0,
  warmup_threshold: 0,
  samples_threshold: Infinity,
};

/** One round: `samples` times `work(batch)`. Resolves to the ns of a single call in each. */
export async function round(work, batch, samples) {
  const measured = samples === 1 ? [await nsOf(work, batch)] : await harness(() => work(batch), samples);
  return measured.map((ns) => ns / batch);
}

/** Once before, for nothing, and then as often as was asked. */
async function harness(work, samples) {
  const result = await measure(work, { ...exactly, min_samples: samples, max_samples: samples });
  return result.samples;
}

/** What takes so long that a round has but one of it is not done a second time for nothing. */
async function nsOf(work, batch) {
  const start = performance.now();
  await work(batch);
  return (performance.now() - start) * 1e6;
}
