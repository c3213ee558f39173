import { cell } from './cells.mjs';
import { comparisonsOf, majorsOf } from './comparisons.mjs';

const row = (cells) => `| ${cells.join(' | ')} |`;

/** Formats a report's comparisons as Markdown: a table for each, and what the alternatives lack. */
export function tables(report) {
  const majors = majorsOf(report);
  const failures = report.runs.flatMap(({ node, cases }) =>
    cases
      .filter(({ failure }) => failure)
      .map((one) => `**${one.case} failed** on Node ${node}: ${one.failure}`),
  );
  return [...comparisonsOf(report).map((one) => table(one, majors)), ...failures].join('\n\n');
}

function table({ title, unit, lines }, majors) {
  const measured = lines.filter(({ cells }) => Object.keys(cells).length > 0);
  return [
    `### ${title}`,
    '',
    row(['', ...majors.map((major) => `Node ${major}`)]),
    row(['---', ...majors.map(() => '---')]),
    ...measured.map(({ name, cells }) => row([name, ...majors.map((major) => cell(cells[major], unit))])),
    ...notes(measured),
    ...remarks(lines),
  ].join('\n');
}

/** Lists the notes of the figures, from the last version of Node.js. */
function notes(lines) {
  const figures = lines.map(({ name, cells }) => ({ name, note: Object.values(cells).at(-1).note }));
  const items = figures.filter(({ note }) => note).map(({ name, note }) => `- ${name}: ${note}`);
  return items.length > 0 ? ['', ...items] : [];
}

function remarks(lines) {
  const items = lines.flatMap(({ name, missing, absent }) => [
    ...(missing ? [`- **${name}** lacks ${missing}.`] : []),
    ...absences(name, absent),
  ]);
  return items.length > 0 ? ['', ...items] : [];
}

/** Returns one line for each reason, with its versions of Node.js. */
function absences(name, absent) {
  return [...grouped(absent)].map(
    ([reason, majors]) => `- ${name}, not measured on Node ${majors.join(', ')}: ${reason}`,
  );
}

function grouped(absent) {
  const groups = new Map();
  for (const [major, reason] of Object.entries(absent))
    groups.set(reason, [...(groups.get(reason) ?? []), major]);
  return groups;
}
