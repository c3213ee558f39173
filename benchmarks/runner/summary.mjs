import { ascending, quantile, spread } from './statistics.mjs';

/**
 * Combines the results of the processes that measured a case: an array of { title, rows, figures, absent }. A row is
 * { name, ns: { median, p99 }, ratio: { median, low, high }, rounds, samples } and the side's other properties. The
 * first row is the baseline.
 *
 * A ratio compares two adjacent rounds, so that a temporary load of the machine slows both. A round is represented by
 * its lower quartile, in which another process has rarely had the processor. The spread over several processes includes
 * their differences: how code was compiled, and where memory lies.
 */
export function summarize(launches) {
  return launches[0].map((comparison, index) => {
    const same = launches.map((comparisons) => comparisons[index]);
    return comparison.rows
      ? { ...comparison, rows: rowsOf(same) }
      : { ...comparison, figures: figuresOf(same) };
  });
}

const levelOf = (samples) => quantile(ascending(samples), 0.25);

function rowsOf(comparisons) {
  return comparisons[0].rows.map(({ name, batch: _batch, rounds: _rounds, ...rest }, index) => {
    const rounds = comparisons.flatMap(({ rows }) => rows[index].rounds);
    const baseline = comparisons.flatMap(({ rows }) => rows[0].rounds);
    const all = ascending(rounds.flat());
    const ratios = rounds.map((samples, i) => levelOf(samples) / levelOf(baseline[i]));
    return {
      name,
      ...rest,
      ns: { median: quantile(all, 0.5), p99: quantile(all, 0.99) },
      ratio: index === 0 ? undefined : spread(ratios),
      rounds: rounds.length,
      samples: all.length,
    };
  });
}

/** Returns the median of each figure. */
function figuresOf(comparisons) {
  return comparisons[0].figures.map((figure, index) => {
    const values = ascending(comparisons.map(({ figures }) => figures[index].value));
    return { ...figure, value: quantile(values, 0.5) };
  });
}
