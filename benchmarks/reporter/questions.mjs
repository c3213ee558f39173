import { bars, mostOf } from './bars.mjs';
import { comparisonsOf, majorsOf } from './comparisons.mjs';

/** The version of Node.js whose values the bars show. A row that it lacks has those of the last version that has it. */
const shown = 24;

/**
 * Draws the small charts of the documentation, one for each question, from the ports' reports: { linux, win32 }. Returns
 * { name: svg }. A row, a panel or a chart that the reports have no values for is left out.
 */
export function questionCharts(reports) {
  const rows = rowsOf(reports);
  const charts = {
    'bench-switch': {
      title: 'What does a token switch cost against doing it by hand?',
      panels: switchPanels(rows),
    },
    'bench-files': {
      title: 'What does file work as a user cost against plain Node.js?',
      panels: filePanels(rows),
    },
    'bench-alternatives': { title: 'What do the alternatives cost?', panels: alternativePanels(rows) },
  };
  const filled = Object.entries(charts).map(([name, { title, panels }]) => [
    `${name}.svg`,
    { title, panels: panels.filter((panel) => panel.rows.length > 0), note: noteOf(reports) },
  ]);
  return Object.fromEntries(
    filled.filter(([, { panels }]) => panels.length > 0).map(([name, chart]) => [name, bars(chart)]),
  );
}

function switchPanels({ ratio, baseline, figure }) {
  const byHand = 'a switch to a user and back';
  const scope = 'a scope, in a hot loop';
  return [
    {
      title: 'A switch on Linux, × the system calls',
      one: true,
      rows: [
        baseline('the bare system calls, in C++', byHand),
        ratio('an addon that only switches', scope, 'the pair by two calls from JavaScript'),
        ratio('koffi, by hand', byHand, 'koffi, by hand'),
        ratio('node:ffi, by hand', byHand, 'node:ffi, by hand'),
        ratio('token.runSync()', byHand, 'runSync', { isOwn: true }),
        ratio('using scope = token.impersonate()', scope, 'using, by TypeScript', { isOwn: true }),
      ].flat(),
    },
    {
      title: 'Kernel calls on Windows (by hand: 2)',
      rows: [
        figure('outermost', 'win32', 'kernel calls', 'runSync, outermost', { isOwn: true }),
        figure('nested', 'win32', 'kernel calls', 'runSync, nested in another token', { isOwn: true }),
        figure('same token', 'win32', 'kernel calls', 'runSync, same token nested', { isOwn: true }),
      ].flat(),
    },
  ];
}

const operations = [
  'stat',
  'open + read + close',
  'readFile',
  'writeFile',
  'readdir',
  'stat by 100 users in turn',
];

function filePanels({ ratio }) {
  const panels = operations.map((operation) => ({
    title: `${operation}, × fs.promises`,
    one: true,
    rows: [1, 4, 16, 64].flatMap((count) => {
      const side = operation.includes(' by ') ? 'impersonate/fs in flows' : 'impersonate/fs in a flow';
      return ratio(`${count} in flight`, `${operation}, ${count} in flight`, side, { isOwn: true });
    }),
  }));
  const most = mostOf(
    panels.flatMap(({ rows }) => rows),
    true,
  );
  return panels.map((panel) => ({ ...panel, most }));
}

function alternativePanels({ ratio, baseline, figure }) {
  const pair = 'a switch to a user and back';
  const byHand = { to: 'runSync' };
  return [
    {
      title: 'A switch and back, × token.runSync()',
      one: true,
      rows: [
        baseline('token.runSync()', 'a switch of the whole process', { isOwn: true }),
        ratio('koffi, by hand', pair, 'koffi, by hand', byHand),
        ratio('node:ffi, by hand', pair, 'node:ffi, by hand', byHand),
        ...[0, 16].map((count) =>
          ratio(
            `process.seteuid(), ${count} worker threads`,
            'a switch of the whole process',
            `process.seteuid, with ${count} worker threads`,
          ),
        ),
      ].flat(),
    },
    {
      title: 'stat as a user, × fs.promises in a flow',
      one: true,
      rows: [
        baseline('fs.promises in a flow', 'stat as a user, 1 in flight', { isOwn: true }),
        ratio('a Worker for each user', 'stat as a user, by a worker', 'a Worker per user'),
        ratio(
          'process.seteuid() around it',
          'stat as a user, 1 in flight',
          'process.seteuid and fs.promises',
        ),
      ].flat(),
    },
    {
      title: 'Memory for one more user',
      rows: [
        figure('a token', 'linux', 'memory of an open token', "C++'s heap", {
          plus: "JavaScript's heap",
          isOwn: true,
        }),
        figure('a Worker for each user', 'linux', 'memory of a Worker per user', 'a Worker per user'),
      ].flat(),
    },
  ];
}

/** Returns functions that find rows by a comparison's title and a side's name; each returns an array of one row, or []. */
function rowsOf(reports) {
  const lines = Object.fromEntries(
    Object.entries(reports).map(([port, report]) => [port, report ? linesOf(report) : new Map()]),
  );
  const find = (port, title, name) => lines[port]?.get(`${title}\n${name}`)?.cells ?? {};
  const baseline = (label, title, { isOwn = false } = {}) =>
    lines.linux?.has(title) ? [{ label, value: 1, text: '×1', isOwn }] : [];
  const ratio = (label, title, name, { to, isOwn = false } = {}) => {
    const cells = find('linux', title, name);
    const others = to ? find('linux', title, to) : undefined;
    const medians = Object.entries(cells).flatMap(([major, cell]) => {
      const base = others ? others[major]?.ratio?.median : 1;
      return cell.ratio && base ? [[Number(major), cell.ratio.median / base]] : [];
    });
    if (medians.length === 0) return [];
    const [major, value] = medians.find(([major]) => major === shown) ?? medians.at(-1);
    const values = medians.map(([, median]) => median);
    return [
      {
        label: major === shown ? label : `${label} (Node ${major})`,
        text: `×${value.toFixed(value < 10 ? 2 : 0)}`,
        ...{ value, isOwn, low: Math.min(...values), high: Math.max(...values) },
      },
    ];
  };
  const figure = (label, port, title, name, { plus, isOwn = false } = {}) => {
    const pick = (name) => {
      const cells = find(port, title, name);
      return cells[shown] ?? Object.values(cells).at(-1);
    };
    const [one, other] = [pick(name), plus && pick(plus)];
    if (!one || (plus && !other)) return [];
    const value = one.value + (other?.value ?? 0);
    return [{ label, value, isOwn, text: one.unit === 'bytes' ? bytes(value) : String(value) }];
  };
  return { ratio, baseline, figure };
}

/** By "title\\nname", and the comparison itself by its title. */
const linesOf = (report) =>
  new Map(
    comparisonsOf(report).flatMap((comparison) => [
      [comparison.title, comparison],
      ...comparison.lines.map((line) => [`${comparison.title}\n${line.name}`, line]),
    ]),
  );

const bytes = (value) => {
  if (value < 1000) return `${value} bytes`;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
};

function noteOf({ linux, win32 }) {
  const report = linux ?? win32;
  const majors = majorsOf(report);
  const range = majors.length > 1 ? ` Thin line: Node ${majors.at(0)} to ${majors.at(-1)}.` : '';
  return `Less is better; dashed: ×1. impersonate ${report.version}, Node ${shown}, ${report.date.slice(0, 10)}.${range}`;
}
