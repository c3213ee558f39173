// node count-calls.mjs COUNT, under strace: runs each entry of scopes-to-count.mjs COUNT times, between look-ups of
// missing files that mark the beginning and the end for strace.
import { existsSync } from 'node:fs';
import process from 'node:process';
import { openWorld } from '../world/index.mjs';
import { scopesToCount } from './scopes-to-count.mjs';

const count = Number(process.argv[2]);
const works = await scopesToCount(await openWorld());
for (const [index, work] of Object.values(works).entries()) {
  existsSync(`/mark/begin/${index}`);
  await work(count);
  existsSync(`/mark/end/${index}`);
}
process.exit(0);
