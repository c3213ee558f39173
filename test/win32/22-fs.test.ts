import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';

// What node.exe asks the system about any path below the folder, from the first to the last step, as whom.
const program = (api: string): string => `
  const path = require('node:path');
  const { pipeline } = require('node:stream/promises');
  const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const impersonateFs = require(${JSON.stringify(require.resolve('../../dist/fs'))});
  const folder = ${JSON.stringify(tempFolder('witnessed'))};
  world.own(folder, world.alice);
  const at = (...names) => path.join(folder, ...names);
  const [alice, bob] = [await world.alice.token(), await world.bob.token()];
  const api = ${api};
  const streams = api === impersonateFs ? impersonateFs : fs;
  const steps = {
    async mkdir() { await api.mkdir(at('a', 'b', 'c'), { recursive: true }); },
    async mkdtemp() { await api.mkdtemp(at('t-')); },
    async write() { await api.writeFile(at('a', 'one'), '1'); await api.appendFile(at('a', 'b', 'two'), '2'); },
    async streams() { await pipeline(streams.createReadStream(at('a', 'one')), streams.createWriteStream(at('a', 'three'))); },
    async look() { await api.stat(at('a')); await api.lstat(at('a', 'one')); await api.access(at('a')); await api.realpath(at('a')); },
    async cp() { await api.cp(at('a'), at('copy'), { recursive: true }); },
    async readdir() { await api.readdir(folder, { recursive: true, withFileTypes: true }); },
    async opendir() { for await (const _entry of await api.opendir(folder, { recursive: true })); },
    async change() { await api.chmod(at('a', 'one'), 0o666); await api.utimes(at('a', 'one'), 1, 1); await api.truncate(at('a', 'one')); },
    async rename() { await api.rename(at('copy'), at('moved')); await api.copyFile(at('a', 'one'), at('four')); await api.unlink(at('four')); },
    async rm() { await api.rm(at('moved'), { recursive: true }); await api.rmdir(at('a', 'b', 'c')); await api.rm(at('a'), { recursive: true, force: true }); },
  };
  const take = async (token, wanted, isRight) => {
    for (const [name, step] of Object.entries(steps)) {
      const outcome = await token.run(() => step().then(() => 'done', (error) => error.code));
      const records = seam().takeRecords().filter(({ subject }) => subject.includes(path.basename(folder)));
      const others = records.filter(({ sid }) => sid !== wanted);
      if (!isRight(outcome) || records.length === 0 || others.length !== 0) {
        say(JSON.stringify([name, outcome, records.length, others[0]]));
      }
    }
  };
  seam().takeRecords();
  await take(bob, world.bob.id, (outcome) => /^(EPERM|EACCES)$/.test(outcome));
  // What is refused may have begun several steps at once: all of them are over before the next user's are counted.
  await new Promise((resolve) => setTimeout(resolve, 500));
  seam().takeRecords();
  await take(alice, world.alice.id, (outcome) => outcome === 'done');
  say('every step');`;

describe('every step of an operation', () => {
  test('of impersonate/fs is taken as the user', async () => {
    expect(await linesOf(program('impersonateFs'))).toEqual(['every step']);
  });

  test('of node:fs under impersonate/register is taken as the user', async () => {
    const execArgv = ['--import', pathToFileURL(join(root, 'dist', 'register.mjs')).href];
    expect(await linesOf(program('fs.promises'), { execArgv })).toEqual(['every step']);
  });
});
