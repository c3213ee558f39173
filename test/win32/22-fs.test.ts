import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { world } from '../support/world/win32';

// The effective identity of all calls of node.exe with paths below the folder.
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
        print(JSON.stringify([name, outcome, records.length, others[0]]));
      }
    }
  };
  seam().takeRecords();
  await take(bob, world.bob.id, (outcome) => /^(EPERM|EACCES)$/.test(outcome));
  // A denied operation may have begun several steps at once: all must be over before the next user's are counted.
  await new Promise((resolve) => setTimeout(resolve, 500));
  seam().takeRecords();
  await take(alice, world.alice.id, (outcome) => outcome === 'done');
  print('every step');`;

describe('every step of an operation', () => {
  test('of impersonate/fs is taken as the user', async () => {
    expect(await linesOf(program('impersonateFs'))).toEqual(['every step']);
  });

  test('of node:fs under impersonate/register is taken as the user', async () => {
    const execArgv = ['--import', pathToFileURL(join(root, 'dist', 'register.mjs')).href];
    expect(await linesOf(program('fs.promises'), { execArgv })).toEqual(['every step']);
  });
});

// Wine does not check the token of a thread for files; the seam's witness does, with the kernel's own AccessCheck.
const folder = tempFolder('files');
const mine = join(folder, 'mine');
mkdirSync(mine);
const file = join(mine, 'file.txt');
writeFileSync(file, 'of alice');

const open = `const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
  const file = ${JSON.stringify(file)};
  const alice = await world.alice.token();
  const bob = await world.bob.token();
  const patched = seam().patchWitness();
  if (!patched.some((name) => /!CreateFileW$/.test(name))) throw new Error('not witnessed: ' + patched.join());
  seam().allow(${JSON.stringify(mine)}, 'D:(A;;FA;;;${world.alice.id})');
  const attempt = (work) => { try { return work(); } catch (error) { return error.code; } };
  const read = () => attempt(() => fs.readFileSync(file, 'utf8'));
  seam().takeRecords();`;

describe('the file witness', () => {
  test('checks a synchronous read as the user of the scope', async () => {
    const lines = await linesOf(`${open}
      print(alice.runSync(read));
      print(bob.runSync(read));
      print(read());
      const judged = seam().takeRecords().filter(({ subject }) => subject.endsWith('file.txt'));
      print([...new Set(judged.map(({ sid, main, denied }) => [sid, main, denied].join(' ')))].join('; '));
      seam().unpatchAll();`);
    expect(lines).toEqual([
      'of alice',
      expect.stringMatching(/^E(PERM|ACCES)$/),
      expect.stringMatching(/^E(PERM|ACCES)$/),
      `${world.alice.id} true 0; ${world.bob.id} true 5; ${world.serviceId} true 5`,
    ]);
  });

  const reading = `${open}
      let reading;
      alice.runSync(() => { reading = fs.promises.readFile(file, 'utf8').catch((error) => error.code); });
      print(await reading);
      const [record] = seam().takeRecords().filter(({ subject }) => subject.endsWith('file.txt'));
      print([record.sid, record.main].join(' '));
      seam().unpatchAll();`;

  test('checks an asynchronous read started in a scope as its user, on another thread', async () => {
    expect(await linesOf(reading)).toEqual(['of alice', `${world.alice.id} false`]);
  });

  test('checks it as the process under impersonate/unrouted', async () => {
    const lines = await linesOf(reading, {}, 'unrouted');
    expect(lines).toEqual([expect.stringMatching(/^E(PERM|ACCES)$/), `${world.serviceId} false`]);
  });
});
