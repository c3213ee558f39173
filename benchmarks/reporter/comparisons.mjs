const majorOf = (node) => Number(/\d+/.exec(node)[0]);

/** Returns the major versions of Node.js in a report, in its order. */
export const majorsOf = ({ runs }) => runs.map(({ node }) => majorOf(node));

/**
 * Groups a report by comparison instead of by version of Node.js. Returns an array of { case, title, baseline, unit,
 * lines }. A line is { name, missing, absent, cells }, and `cells` has a row or figure by major version.
 */
export function comparisonsOf({ runs }) {
  const found = new Map();
  for (const { node, cases } of runs) {
    for (const { case: file, comparisons = [] } of cases) {
      for (const comparison of comparisons) add(found, file, comparison, majorOf(node));
    }
  }
  return [...found.values()].map(({ lines, ...rest }) => ({ ...rest, lines: [...lines.values()] }));
}

function add(found, file, { title, unit, rows = [], figures = [], absent = [] }, major) {
  const key = `${file} ${title}`;
  if (!found.has(key)) {
    found.set(key, { case: file, title, unit, baseline: rows[0]?.name, lines: new Map() });
  }
  const { lines } = found.get(key);
  for (const entry of [...rows, ...figures, ...absent]) {
    const { name, missing } = entry;
    if (!lines.has(name)) lines.set(name, { name, missing, absent: {}, cells: {} });
    const line = lines.get(name);
    if (entry.absent) line.absent[major] = entry.absent;
    else line.cells[major] = entry;
  }
}
