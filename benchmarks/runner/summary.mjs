import { ascending, quantile, spread } from './statistics.mjs';

/**
 * What the processes that measured a case have found, as one: an array of { title, rows, figures, absent }. A row is
 * { name, ns: { median, p99 }, ratio: { median, low, high }, rounds, samples } and what else the side tells; the first
 * is what the others are compared with.
 *
 * A ratio is that of two rounds next to each other, so that a machine which is busy for a while slows both; a round
 * stands for its lower quartile, in which another process has rarely had the processor. That they come from several
 * processes puts into the spread what differs from one to the next: how code was compiled, and where memory lies.
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
  return comparisons[0].rows.map(({ name, batch: _batch, rounds: _rounds, ...told }, index) => {
    const rounds = comparisons.flatMap(({ rows }) => rows[index].rounds);
    const baseline = comparisons.flatMap(({ rows }) => rows[0].rounds);
    const all = ascending(rounds.flat());
    const ratios = rounds.map((samples, turn) => levelOf(samples) / levelOf(baseline[turn]));
    return {
      name,
      ...told,
      ns: { median: quantile(all, 0.5), p99: quantile(all, 0.99) },
      ratio: index === 0 ? undefined : spread(ratios),
      rounds: rounds.length,
      samples: all.length,
    };
  });
}

/** Medians. */
function figuresOf(comparisons) {
  return comparisons[0].figures.map((figure, index) => {
    const values = ascending(comparisons.map(({ figures }) => figures[index].value));
    return { ...figure, value: quantile(values, 0.5) };
  });
}
