const units = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
  ['ns', 1],
];

/** Three significant digits. */
const short = (value) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

/** Formats a time in ns, in a suitable unit. */
export function time(ns) {
  const [unit, size] = units.find(([, size]) => ns >= size) ?? units.at(-1);
  return `${short(ns / size)} ${unit}`;
}

/** Formats calls per second. */
export const rate = (ns) => `${Math.round(1e9 / ns).toLocaleString('en')}/s`;

const fixed = (value) =>
  value >= 100 ? short(value) : value >= 0.095 ? value.toFixed(2) : value.toPrecision(2);

/** Formats a ratio with its quartiles. */
export const ratio = ({ median, low, high }) => `×${fixed(median)} (${fixed(low)}–${fixed(high)})`;

/** Formats a row or a figure as a cell of a table. */
export function cell(entry, unit) {
  if (!entry) return '–';
  if (entry.unit) return `${entry.value.toLocaleString('en')} ${entry.unit}`;
  const absolute =
    unit === 'requests' ? rate(entry.ns.median) : `${time(entry.ns.median)}, p99 ${time(entry.ns.p99)}`;
  return entry.ratio ? `${ratio(entry.ratio)}, ${absolute}` : absolute;
}
