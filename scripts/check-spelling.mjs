import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { isMain, report } from './support/check.mjs';
import { packageBin, root } from './support/root.mjs';
import { problemsOf } from './support/run.mjs';

const settings = 'cspell.json';

// The words are in the order of the alphabet, so that two branches that add some seldom do it in the same line.
function orderProblems() {
  const { words } = JSON.parse(readFileSync(path.join(root, settings), 'utf8'));
  const misplaced = words.find(
    (word, index) => index > 0 && word.toLowerCase() <= words[index - 1].toLowerCase(),
  );
  return misplaced ? [`${settings}: the word ${misplaced} is not in alphabetical order`] : [];
}

// Returns the misspelled words of the documentation and of the comments in lib, without code; '' if none. It needs no
// network: the dictionaries are packages that cspell depends on.
export async function checkSpelling() {
  const args = ['lint', '--no-progress', '--no-summary', '--no-color', '--relative', '--show-suggestions'];
  const found = await problemsOf(process.execPath, [packageBin('cspell/bin.mjs'), ...args]);
  const hint = found ? [`A term of the field, spelled right, goes to the words of ${settings}`] : [];
  return [found, ...hint, ...orderProblems()].filter(Boolean).join('\n');
}

if (isMain(import.meta.url)) report('spelling', await checkSpelling());
