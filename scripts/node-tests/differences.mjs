import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../support/root.mjs';

export const list = 'test/node/differences.json';

/**
 * Returns the known differences: { reason, in, files, node }. Each of the files fails in each of the modes, with the major
 * versions in `node` or with all. Throws for an entry without a reason.
 */
export function knownDifferences() {
  const entries = JSON.parse(readFileSync(path.join(root, list), 'utf8'));
  for (const { reason, files } of entries) {
    if (!reason) throw new Error(`${list} has no reason for ${files.join(', ')}`);
  }
  return entries;
}

/**
 * Compares the outcomes of the files ({ file, plain, MODE... }) with a major version with the known differences. Returns
 * what is wrong.
 */
export function problemsOf(major, outcomes, entries, modes) {
  const problems = [];
  for (const outcome of outcomes) {
    for (const mode of modes) {
      const listed = entries.some(
        ({ files, in: where, node = [major] }) =>
          files.includes(outcome.file) && where.includes(mode) && node.includes(major),
      );
      const differs = outcome[mode]?.outcome === 'failed';
      const name = `${outcome.file}, node ${major}, ${mode}`;
      if (differs && !listed) problems.push(`${name}: fails\n${tail(outcome[mode].output)}`);
      if (listed && !differs) problems.push(`${name}: is in ${list}, but does not fail`);
    }
  }
  return problems;
}

/** The end of the output, where the error is. */
const tail = (output) => output.trimEnd().split('\n').slice(-30).join('\n');
