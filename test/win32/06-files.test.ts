import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { world } from '../support/world/win32';

// Wine never asks a thread's token for a file; the seam's witness does, with the kernel's own AccessCheck.
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
  test('judges a synchronous read as the user of the scope', async () => {
    const lines = await linesOf(`${open}
      say(alice.runSync(read));
      say(bob.runSync(read));
      say(read());
      const judged = seam().takeRecords().filter(({ subject }) => subject.endsWith('file.txt'));
      say([...new Set(judged.map(({ sid, main, denied }) => [sid, main, denied].join(' ')))].join('; '));
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
      say(await reading);
      const [record] = seam().takeRecords().filter(({ subject }) => subject.endsWith('file.txt'));
      say([record.sid, record.main].join(' '));
      seam().unpatchAll();`;

  test('judges an asynchronous read started in a scope as its user, on another thread', async () => {
    expect(await linesOf(reading)).toEqual(['of alice', `${world.alice.id} false`]);
  });

  test('and as the process under impersonate/unrouted', async () => {
    const lines = await linesOf(reading, {}, 'unrouted');
    expect(lines).toEqual([expect.stringMatching(/^E(PERM|ACCES)$/), `${world.serviceId} false`]);
  });
});
