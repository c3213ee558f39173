// node run-case.mjs FILE OUTPUT OPTIONS: runs all comparisons of one case and writes them to OUTPUT as JSON. Options
// are JSON.
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { openWorld } from '../world/index.mjs';
import { compareSides } from './compare-sides.mjs';

const [file, output, options] = process.argv.slice(2);
const { seconds, once } = JSON.parse(options);

const { default: comparisons } = await import(pathToFileURL(file));
const results = [];
for await (const { sides, ...comparison } of comparisons(await openWorld(), { once })) {
  const rows = sides && (await compareSides(sides, { seconds, once, rounds: comparison.rounds }));
  results.push({ ...comparison, rows });
}
writeFileSync(output, JSON.stringify(results));
// A case may leave handles open.
process.exit(0);
