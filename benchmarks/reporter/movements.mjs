import { ratio } from './cells.mjs';
import { comparisonsOf } from './comparisons.mjs';

/** 5 per cent, as the logarithm of a ratio. */
const noticeable = 0.05;

/** Lists, as text, what changed between two reports: ratios whose quartiles do not overlap, and figures that differ. */
export function movements(earlier, report) {
  const before = cellsOf(earlier);
  const after = [...cellsOf(report)].filter(([key]) => before.has(key));
  const lines = after.flatMap(([key, entry]) => {
    const change = changeOf(before.get(key), entry);
    return change ? [`${key}: ${change}`] : [];
  });
  const since = `since ${earlier.version} of ${earlier.date.slice(0, 10)}`;
  return [`${after.length} compared, ${lines.length} changed ${since}`, ...lines].join('\n');
}

function cellsOf(report) {
  const entries = comparisonsOf(report).flatMap(({ title, lines }) =>
    lines.flatMap(({ name, cells }) =>
      Object.entries(cells).map(([major, entry]) => [`node ${major}, ${title}, ${name}`, entry]),
    ),
  );
  return new Map(entries.filter(([, entry]) => entry.ratio || entry.unit));
}

/** Calls must be equal. Small differences of bytes are chance. */
function figureChange(old, { value, unit }) {
  const tolerance = unit === 'bytes' ? 0.1 * old : 0;
  return Math.abs(value - old) <= tolerance ? '' : `${old} to ${value} ${unit}`;
}

function changeOf(old, now) {
  if (now.unit) return figureChange(old.value, now);
  const [from, to] = [old.ratio, now.ratio];
  if (!from || !to) return '';
  const isNoticed = Math.abs(Math.log(to.median / from.median)) > noticeable;
  if (!isNoticed || (to.low <= from.high && from.low <= to.high)) return '';
  return `${to.median < from.median ? 'faster' : 'slower'}, ${ratio(from)} to ${ratio(to)}`;
}
