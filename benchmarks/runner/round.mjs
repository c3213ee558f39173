import { measure } from 'mitata';

// mitata alone decides nothing here: no batches, no rescaling, no samples thrown away.
const exactly = { gc: false, min_cpu_time: 0, batch_threshold: 0, warmup_threshold: 0, samples_threshold: Infinity };

/** One round: `samples` times `work(batch)`, after once for nothing. Resolves to the ns of a single call, ascending. */
export async function round(work, batch, samples) {
  const result = await measure(() => work(batch), { ...exactly, min_samples: samples, max_samples: samples });
  return result.samples.map((ns) => ns / batch);
}
