import process from 'node:process';
import { pathToFileURL } from 'node:url';

// Returns whether node was started with this module.
export const isMain = (url) => process.argv[1] !== undefined && pathToFileURL(process.argv[1]).href === url;

const shownLines = 80;

function shorten(text) {
  const lines = text.split('\n');
  if (lines.length <= shownLines) return text;
  return [...lines.slice(0, shownLines), `and ${lines.length - shownLines} lines more`].join('\n');
}

// Prints the line of a check, and its problems if there are any. The process then ends with code 1.
export function report(name, problems, detail = '') {
  const outcome = problems === '' ? 'ok' : 'FAILED';
  console.log(`${name.padEnd(14)}${outcome}${detail && `  ${detail}`}`);
  if (problems === '') return;
  console.log(shorten(problems).replace(/^/gm, '  '));
  process.exitCode = 1;
}
