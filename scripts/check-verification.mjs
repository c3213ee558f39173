import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isMain, report } from './support/check.mjs';
import { root } from './support/root.mjs';
import { items } from './verify/items.mjs';

const files = ['docs/verification.md', 'docs/peers.md'];

// Returns the entries of the section "Unverified on Windows": the name in bold, or null without one.
function entriesOf(text) {
  const [, section] = text.match(/^#+ Unverified on Windows\n([^]*?)(?=^#|$(?![^]))/m) ?? [];
  const lines = (section ?? '').split('\n').filter((line) => line.startsWith('- '));
  return lines.map((line) => ({ line, name: line.match(/^- \*\*([a-z\d ]+)\*\*: /)?.[1] ?? null }));
}

// Compares the lists of the documents with the items of the verification.
function differences(documents, names) {
  const entries = Object.entries(documents).flatMap(([file, text]) => {
    const found = entriesOf(text);
    return found.length > 0
      ? found.map((entry) => ({ file, ...entry }))
      : [{ file, line: 'no list', name: null }];
  });
  const listed = entries.map(({ name }) => name);
  const count = (list, name) => list.filter((other) => other === name).length;
  return [
    ...entries
      .filter(({ name }) => name === null)
      .map(({ file, line }) => `${file}: no name in bold: ${line}`),
    ...entries
      .filter(({ name }) => name !== null && count(names, name) !== 1)
      .map(
        ({ file, name }) => `${file}: "${name}" has ${count(names, name)} items in scripts/verify/items.mjs`,
      ),
    ...names
      .filter((name) => count(listed, name) !== 1)
      .map(
        (name) =>
          `scripts/verify/items.mjs: "${name}" is in ${count(listed, name)} entries of ${files.join(', ')}`,
      ),
  ];
}

// Returns the samples that are misjudged.
function misjudgedSamples() {
  const list = (...lines) =>
    `text\n\n### Unverified on Windows\n\n${lines.join('\n')}\n\n## Next\n\n- other\n`;
  const good = [[list('- **a b**: x;', '- **c**: y,', '  more.'), ['a b', 'c']]];
  const bad = [
    [list('- **a**: x', '- y'), ['a']],
    [list('- **a**: x'), ['a', 'b']],
    [list('- **a**: x', '- **b**: y'), ['a']],
    [list('- **a**: x'), ['a', 'a']],
    [list('- **a**: x', '- **a**: y'), ['a']],
    ['no section', []],
  ];
  return [
    ...good.filter(([text, names]) => differences({ sample: text }, names).length > 0),
    ...bad.filter(([text, names]) => differences({ sample: text }, names).length === 0),
  ].map(([text]) => `sample misjudged:\n${text}`);
}

// Returns the points of the lists "Unverified on Windows" without an item in the verification, and the reverse.
export function checkVerification() {
  const documents = Object.fromEntries(
    files.map((file) => [file, readFileSync(path.join(root, file), 'utf8').replaceAll('\r\n', '\n')]),
  );
  const names = items.map(({ name }) => name);
  return [...misjudgedSamples(), ...differences(documents, names)].join('\n');
}

if (isMain(import.meta.url)) report('verification', checkVerification());
