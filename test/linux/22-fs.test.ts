import fs, { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import impersonateFs from 'impersonate/fs';
import { tempFolder } from '../support/folders';
import { alice, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/linux';

const folder = join(tempFolder('created'), 'shared');
mkdirSync(folder);
chmodSync(folder, 0o777);

describeSwitching('what a flow creates belongs to its user', () => {
  freshTokens();

  test.each([
    ['writeFile', (at: string) => impersonateFs.writeFile(at, 'x')],
    ['open', (at: string) => impersonateFs.open(at, 'w').then((file) => file.close())],
    ['mkdir', (at: string) => impersonateFs.mkdir(at)],
    ['mkdir, recursive', (at: string) => impersonateFs.mkdir(join(at, 'b', 'c'), { recursive: true })],
    ['symlink', (at: string) => impersonateFs.symlink('/', at)],
    ['copyFile', (at: string) => impersonateFs.copyFile('/etc/passwd', at)],
    ['cp', (at: string) => impersonateFs.cp('/etc/passwd', at)],
    [
      'createWriteStream',
      (at: string) =>
        new Promise<void>((resolve, reject) => {
          impersonateFs.createWriteStream(at).end('x').once('close', resolve).once('error', reject);
        }),
    ],
  ])('%s', async (name, create) => {
    const at = join(folder, name);
    await alice.run(() => create(at));
    const made = [
      at,
      ...(fs.lstatSync(at).isDirectory() ? fs.readdirSync(at).map((entry) => join(at, entry)) : []),
    ];
    for (const path of made) {
      expect(lstatSync(path)).toMatchObject({ uid: world.alice.uid, gid: world.alice.gid });
    }
  });

  test('mkdtemp', async () => {
    const made = await alice.run(() => impersonateFs.mkdtemp(join(folder, 'temp-')));
    expect(lstatSync(made)).toMatchObject({ uid: world.alice.uid, gid: world.alice.gid });
  });
});
