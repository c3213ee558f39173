const units = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
  ['ns', 1],
];

/** Three figures. */
const short = (value) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

/** A time in ns, in the unit that suits it. */
export function time(ns) {
  const [unit, size] = units.find(([, size]) => ns >= size) ?? units.at(-1);
  return `${short(ns / size)} ${unit}`;
}

/** How often in a second. */
export const rate = (ns) => `${Math.round(1e9 / ns).toLocaleString('en')}/s`;

const fixed = (value) =>
  value >= 100 ? short(value) : value >= 0.095 ? value.toFixed(2) : value.toPrecision(2);

/** A ratio with its quartiles. */
export const ratio = ({ median, low, high }) => `×${fixed(median)} (${fixed(low)}–${fixed(high)})`;

/** What a cell of a table says of a row or a figure. */
export function cell(entry, unit) {
  if (!entry) return '–';
  if (entry.unit) return `${entry.value.toLocaleString('en')} ${entry.unit}`;
  const told =
    unit === 'requests' ? rate(entry.ns.median) : `${time(entry.ns.median)}, p99 ${time(entry.ns.p99)}`;
  return entry.ratio ? `${ratio(entry.ratio)}, ${told}` : told;
}
