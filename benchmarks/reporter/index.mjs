import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chart } from './chart.mjs';
import { writeQuestionCharts } from './docs-images.mjs';
import { markdown } from './markdown.mjs';

export { movements } from './movements.mjs';
export { tables } from './tables.mjs';

const folder = fileURLToPath(new URL('../report/', import.meta.url));

/** Digits after the sixth are chance. */
const short = (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);

/**
 * Writes a port's report: table, chart, and the JSON that --compare reads; and the small charts of the documentation.
 * Resolves to the files' names.
 */
export async function writeReport(report) {
  const { port } = report;
  const texts = {
    [`${port}.md`]: markdown(report),
    [`${port}.svg`]: await chart(report),
    [`${port}.json`]: `${JSON.stringify(report, short, 1)}\n`,
  };
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(texts)) await writeFile(path.join(folder, name), text);
  return [...Object.keys(texts).map((name) => `benchmarks/report/${name}`), ...writeQuestionCharts()];
}
