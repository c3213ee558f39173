import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { questionCharts } from './questions.mjs';

const reports = fileURLToPath(new URL('../report/', import.meta.url));
const images = 'docs/images';
const folder = fileURLToPath(new URL(`../../${images}/`, import.meta.url));

const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

function readReport(port) {
  const text = textOf(path.join(reports, `${port}.json`));
  return text && JSON.parse(text);
}

const drawn = () =>
  Object.entries(questionCharts({ linux: readReport('linux'), win32: readReport('win32') }));

/** Draws the small charts of the documentation from the written reports. Returns the files' names. */
export function writeQuestionCharts() {
  mkdirSync(folder, { recursive: true });
  return drawn().map(([name, svg]) => {
    writeFileSync(path.join(folder, name), svg);
    return `${images}/${name}`;
  });
}

/** Returns a problem for each chart that is not what the reports give. */
export const checkQuestionCharts = () =>
  drawn()
    .filter(([name, svg]) => textOf(path.join(folder, name)) !== svg)
    .map(([name]) => `${images}/${name} is not current: node scripts/docs.mjs`);
