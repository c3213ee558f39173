// node run-all.mjs NODE TESTS RESULTS [FILTER]...
// Runs Node's own tests in a private mount namespace with the users of the tests, as root of it, and writes the outcome
// of each file in each mode to RESULTS.
import { readdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { testUsers } from '../linux-users/accounts.mjs';
import { run } from '../rig/command.mjs';
import { withScratch } from '../rig/scratch.mjs';
import { inParallel } from '../support/run.mjs';
import { isTest, modesOf, runFile } from './run-file.mjs';

const [, , node, tests, results, ...filters] = process.argv;
const [{ name }] = testUsers;
const numbers = async (option) => (await run('id', [option, name])).trim().split(' ').map(Number);
const [[uid], [gid], groups] = await Promise.all(['-u', '-g', '-G'].map(numbers));
const user = { uid, gid, groups };

/** A difference counts if it is seen so often, because some tests measure time. */
const attempts = 3;

async function repeated(request) {
  for (let attempt = 1; ; attempt++) {
    await rm(path.join(request.tree, '.tmp.0'), { recursive: true, force: true });
    const result = await runFile(request);
    if (result.outcome !== 'failed' || attempt === attempts) return result;
  }
}

/** The outcome of a file in each mode. What a process of the user cannot do is not tried in the other modes. */
async function outcomes(request) {
  const found = { file: request.file };
  for (const mode of modesOf(request.file)) {
    if (found.plain && found.plain.outcome !== 'passed') break;
    found[mode] = await repeated({ ...request, mode });
  }
  return found;
}

const isChosen = (file) => filters.length === 0 || filters.some((filter) => file.includes(filter));
const files = readdirSync(path.join(tests, 'test', 'parallel')).filter(
  (file) => isTest(file) && isChosen(file),
);

await withScratch(os.tmpdir(), 'impersonate-node-tests-', async (scratch) => {
  await chmod(scratch, 0o755);
  const free = [];
  let made = 0;
  /** Returns the number of a copy of the tests that belongs to the user, for one file at a time. */
  async function takeCopy() {
    if (free.length > 0) return free.pop();
    const slot = made++;
    const folder = path.join(scratch, String(slot));
    await mkdir(folder);
    await run('cp', ['-r', path.join(tests, 'test'), folder]);
    await run('chown', ['-R', `${uid}:${gid}`, folder]);
    return slot;
  }
  let done = 0;
  const found = await inParallel(
    files.map((file) => async () => {
      const slot = await takeCopy();
      const tree = path.join(scratch, String(slot), 'test');
      const result = await outcomes({ node, tree, file, user });
      free.push(slot);
      if (++done % 50 === 0) process.stdout.write(`${done} of ${files.length} files\n`);
      return result;
    }),
  );
  writeFileSync(results, JSON.stringify(found));
});
