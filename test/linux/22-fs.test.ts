import fs, { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import impersonateFs from 'impersonate/fs';
import { registered } from '../support/children/sources';
import { tempFolder } from '../support/folders';
import { alice, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/linux';

const folder = join(tempFolder('created'), 'shared');
mkdirSync(folder);
chmodSync(folder, 0o777);

describeSwitching('files created by a flow belong to its user', () => {
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

// Linux checks the caller, and not how the descriptor was opened.
describeSwitching('impersonate/register on descriptors of another user', () => {
  const changes = {
    fchmodSync: `fs.fchmodSync(fd, 0o666)`,
    fchownSync: `fs.fchownSync(fd, 0, 0)`,
    futimesSync: `fs.futimesSync(fd, 1, 1)`,
    fchmod: `promisify(fs.fchmod)(fd, 0o666)`,
    fchown: `promisify(fs.fchown)(fd, 0, 0)`,
    futimes: `promisify(fs.futimes)(fd, 1, 1)`,
  };

  test.each(Object.entries(changes))('%s() acts as the user', async (_name, change) => {
    const lines = await registered(
      'changes',
      `const { promisify } = require('node:util');
      const opened = fs.openSync(secret);
      const own = fs.openSync(within(alice, 'file'));
      const before = JSON.stringify(fs.fstatSync(opened));
      const change = (fd) => outcome(() => ${change.replace(', 0, 0', ', process.getuid(), process.getgid()')});
      await tokens.alice.run(async () => print(String(await change(opened))));
      print(String(JSON.stringify(fs.fstatSync(opened)) === before));
      await tokens.bob.run(async () => print(String(await change(own))));
      print(String(await change(opened)));`,
    );
    expect(lines).toEqual(['denied', 'true', 'denied', 'undefined']);
  });

  test('files made in a flow are owned by its user', async () => {
    const lines = await registered(
      'owners',
      `await tokens.alice.run(async () => {
        fs.mkdirSync(within(alice, 'a'));
        await fs.promises.writeFile(within(alice, 'b'), '');
        await new Promise((done) => fs.mkdtemp(within(alice, 'c-'), done));
        await new Promise((done) => fs.createWriteStream(within(alice, 'd')).end(done));
      });
      for (const name of fs.readdirSync(within(alice))) print(String(fs.statSync(within(alice, name)).uid === Number(alice.id)));`,
    );
    expect(lines).toEqual(Array(5).fill('true'));
  });
});
