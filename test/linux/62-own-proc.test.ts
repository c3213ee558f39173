import { join } from 'node:path';
import { linesOf, writeSource } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';

/**
 * Returns a maker of programs that begin with `before`, with both users' tokens; `open`, a file that bob has opened in a
 * folder that only bob may enter; `shared`, a folder of alice; and `outcome(work)`: the result, or the code of the error.
 */
const programs =
  (before: string) =>
  (body: string): string => {
    return `${before}
    const path = require('node:path');
    const files = require(${JSON.stringify(join(root, 'dist', 'fs.js'))});
    const folder = ${JSON.stringify(tempFolder('own-proc'))};
    fs.chmodSync(folder, 0o755);
    const tokens = { alice: await world.alice.token(), bob: await world.bob.token() };
    const own = (who, name, mode) => { world.own(path.join(folder, name), who); fs.chmodSync(path.join(folder, name), mode); };
    for (const name of ['bobs', 'shared', 'services', 'services/inner']) fs.mkdirSync(path.join(folder, name));
    for (const name of ['bobs/open', 'services/inner/open', 'shared/open']) fs.writeFileSync(path.join(folder, name), 'text of ' + name);
    for (const name of ['bobs/open', 'services/inner/open', 'shared/open']) fs.chmodSync(path.join(folder, name), 0o666);
    own(world.bob, 'bobs', 0o700);
    own(world.alice, 'shared', 0o755);
    fs.chmodSync(path.join(folder, 'services'), 0o700);
    const shared = (...names) => path.join(folder, 'shared', ...names);
    const open = await tokens.bob.run(() => files.open(path.join(folder, 'bobs', 'open'), 'r+'));
    const thread = fs.readlinkSync('/proc/thread-self').split('/').pop();
    const sibling = fs.readdirSync('/proc/self/task').find((id) => id !== String(process.pid));
    const outcome = async (work) => { try { return (await work()) ?? 'done'; } catch (error) { return error.code ?? String(error); } };
    ${body}
    await open.close();`;
  };

const ownPaths = `const ownPaths = [
  ...['self', 'thread-self', process.pid, sibling, process.pid + '/task/' + thread, 'self/task/' + sibling].flatMap((of) =>
    ['fd/' + open.fd, 'environ', 'maps', 'auxv', 'stat', 'cwd/x', 'root/etc/hostname', 'fdinfo/0'].map((name) => '/proc/' + of + '/' + name)),
  '/dev/fd/' + open.fd, path.relative(process.cwd(), '/proc/self/environ'), '/proc/../proc/self/./environ', '/proc/self/exe',
];`;

/** The operation of each function on a path: \`of\` is node:fs, or its promises. "s" is the end of the names. */
const operations = `const operations = (of, s) => ({
  access: (at) => of['access' + s](at),
  appendFile: (at) => of['appendFile' + s](at, 'x'),
  chmod: (at) => of['chmod' + s](at, 0o600),
  chown: (at) => of['chown' + s](at, 5, 5),
  copyFile: (at) => of['copyFile' + s](at, shared('copy')),
  'copyFile to': (at) => of['copyFile' + s](shared('open'), at),
  open: (at) => of['open' + s](at),
  opendir: (at) => of['opendir' + s](at),
  readFile: (at) => of['readFile' + s](at, 'utf8'),
  'readFile as bytes': (at) => of['readFile' + s](at),
  readdir: (at) => of['readdir' + s](at),
  realpath: (at) => of['realpath' + s](at),
  stat: (at) => of['stat' + s](at),
  statfs: (at) => of['statfs' + s](at),
  truncate: (at) => of['truncate' + s](at),
  utimes: (at) => of['utimes' + s](at, 1, 1),
  writeFile: (at) => of['writeFile' + s](at, 'x'),
});
const entries = (of, s) => ({
  cp: (at) => of['cp' + s](at, shared('copied')),
  lchown: (at) => of['lchown' + s](at, 5, 5),
  link: (at) => of['link' + s](at, shared('linked')),
  lstat: (at) => of['lstat' + s](at),
  lutimes: (at) => of['lutimes' + s](at, 1, 1),
  mkdir: (at) => of['mkdir' + s](at),
  mkdtemp: (at) => of['mkdtemp' + s](at),
  readlink: (at) => of['readlink' + s](at),
  rename: (at) => of['rename' + s](at, shared('renamed')),
  rm: (at) => of['rm' + s](at),
  rmdir: (at) => of['rmdir' + s](at),
  symlink: (at) => of['symlink' + s]('x', at),
  unlink: (at) => of['unlink' + s](at),
});
const forms = [
  ['impersonate/fs', files, '', (work) => tokens.alice.run(work)],
  ['promises', fs.promises, '', (work) => tokens.alice.run(work)],
  ['sync in a flow', fs, 'Sync', (work) => tokens.alice.run(work)],
  ['sync in runSync', fs, 'Sync', (work) => tokens.alice.runSync(work)],
];
const refuseAll = async (kind, paths) => {
  for (const [form, of, s, asAlice] of forms) {
    for (const [name, operation] of Object.entries(kind(of, s))) {
      for (const at of paths) {
        const seen = await outcome(() => asAlice(() => operation(at)));
        if (seen !== 'EACCES') print([form, name, at, String(seen).slice(0, 40)].join(' '));
      }
    }
  }
  print('done');
};`;

const failing = (errno: number): string =>
  `require(${JSON.stringify(require.resolve('../support/linux/probe'))}).probe().failSyscallOnAllThreads('openat2', ${String(errno)});`;

describe.each([
  ['', ''],
  [' (openat2 fails with ENOSYS)', failing(38)],
  [' (openat2 fails with EPERM)', failing(1)],
])('for a user%s,', (_name, before) => {
  const program = programs(before);

  describeSwitching("the process's own entries in /proc", () => {
    test('are closed to a user, by every path and function', async () => {
      const source = program(`${ownPaths} ${operations}
      await refuseAll(operations, ownPaths);
      await refuseAll(entries, ownPaths);
      print(fs.readFileSync(path.join(folder, 'bobs', 'open'), 'utf8'));`);
      expect(await linesOf(source)).toEqual(['done', 'done', 'text of bobs/open']);
    });

    test("are closed through a user's links", async () => {
      const source = program(`${operations}
      const link = (name, to) => { fs.symlinkSync(to, shared(name)); return shared(name); };
      const links = [link('fd', '/proc/self/fd/' + open.fd), link('chain', 'fd'), link('cwd', '/proc/self/cwd') + '/x',
        link('folder', '/proc/self/fd') + '/' + open.fd, link('environ', '/proc/self/environ')];
      await refuseAll(operations, links);
      await refuseAll(entries, [links[2], links[3], shared('cwd', 'deep', 'er')]);
      print(await tokens.alice.run(() => files.readlink(shared('chain'))));
      print(await outcome(() => tokens.alice.runSync(() => fs.lstatSync(shared('fd')).isSymbolicLink())));`);
      expect(await linesOf(source)).toEqual(['done', 'done', 'fd', 'true']);
    });

    test('are not copied from a tree, and not listed', async () => {
      const source = program(`
      fs.mkdirSync(shared('tree'));
      world.own(shared('tree'), world.alice);
      fs.symlinkSync('/proc/self/maps', shared('tree', 'maps'));
      const options = { recursive: true, dereference: true };
      print(await outcome(() => tokens.alice.run(() => files.cp(shared('tree'), shared('one'), options))));
      print(await outcome(() => tokens.alice.run(() => fs.cpSync(shared('tree'), shared('two'), options))));
      print(await outcome(() => tokens.alice.runSync(() => fs.cpSync(shared('tree'), shared('three'), options))));
      const find = () => (fs.globSync ?? (() => []))('/proc/self/fd/*').length;
      print([tokens.alice.run(find), tokens.alice.runSync(find)].join());`);
      expect(await linesOf(source)).toEqual(['EACCES', 'EACCES', 'EACCES', '0,0']);
    });

    test('are not found by a glob that Node had loaded before this package', async () => {
      const early = writeSource('bare', "require('node:fs').globSync?.('/nowhere/*');");
      const source = program(`
      const find = () => (fs.globSync ?? (() => []))('/proc/self/fd/*').length;
      print([tokens.alice.run(find), tokens.alice.runSync(find)].join());`);
      expect(await linesOf(source, { execArgv: ['--no-warnings', '--require', early] })).toEqual(['0,0']);
    });

    test('are closed if the last link is not followed', async () => {
      const source = program(`
      const flags = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW;
      for (const at of ['/proc/self/exe', '/proc/self/fd/' + open.fd]) {
        print(await outcome(() => tokens.alice.run(() => files.open(at, flags))));
        print(await outcome(() => tokens.alice.runSync(() => fs.openSync(at, flags))));
      }`);
      expect(await linesOf(source)).toEqual(Array(4).fill('EACCES'));
    });

    test('stay open as far as they are open to every process, like the rest of /proc', async () => {
      const source = program(`
      const readable = ['self/status', 'thread-self/status', process.pid + '/task/' + thread + '/status', 'mounts', 'net/dev', 'cpuinfo',
        'self/net/dev', process.ppid + '/status', process.ppid + '/cmdline'].map((name) => '/proc/' + name);
      for (const at of readable) {
        const seen = [await tokens.alice.run(() => files.readFile(at, 'utf8')), tokens.alice.run(() => fs.readFileSync(at, 'utf8')),
          tokens.alice.runSync(() => fs.readFileSync(at, 'utf8'))];
        if (seen.some((text) => text.length < 3)) print(at + ' ' + seen.map((text) => text.length));
      }
      print(await tokens.alice.run(() => files.readlink('/proc/self')) === String(process.pid));
      print(tokens.alice.runSync(() => fs.readdirSync('/proc').includes('self')));
      print(tokens.alice.runSync(() => /^Uid:.*/m.exec(fs.readFileSync('/proc/thread-self/status', 'utf8'))[0].includes(world.alice.id)));
      print(fs.readFileSync('/proc/self/environ', 'utf8').length > 0);`);
      expect(await linesOf(source)).toEqual(Array(4).fill('true'));
    });

    test('cannot be reached by exchanging a link at the right moment', async () => {
      const source = program(`
      const { spawn } = require('node:child_process');
      const [link, other] = [shared('link'), shared('other')];
      fs.symlinkSync(shared('open'), link);
      const exchange = \`const fs = require('node:fs'); for (let n = 0; ; n++) {
        fs.symlinkSync(n % 2 ? \${JSON.stringify(shared('open'))} : '/proc/\${process.pid}/fd/\${open.fd}', \${JSON.stringify(other)});
        fs.renameSync(\${JSON.stringify(other)}, \${JSON.stringify(link)}); }\`;
      const child = spawn(process.execPath, ['-e', exchange]);
      const seen = new Map();
      const note = (what) => seen.set(what, (seen.get(what) ?? 0) + 1);
      const enough = () => [...seen.values()].filter((count) => count >= 300).length >= 2;
      for (let n = 0; n < 20000 && !enough(); n++) {
        note(await outcome(() => tokens.alice.run(() => files.readFile(link, 'utf8'))));
        note(await outcome(() => tokens.alice.runSync(() => fs.readFileSync(link, 'utf8'))));
        await outcome(() => tokens.alice.runSync(() => fs.copyFileSync(link, shared('copy'))));
        note(fs.existsSync(shared('copy')) ? fs.readFileSync(shared('copy'), 'utf8') : 'EACCES');
      }
      child.kill();
      print([...seen.keys()].sort().join());`);
      expect(await linesOf(source)).toEqual(['EACCES,text of shared/open']);
    });

    test('cannot be reached by a function that resolves twice: it uses what was checked', async () => {
      const source = program(`
      const { spawn } = require('node:child_process');
      for (const name of ['bobs/inside', 'shared/inside']) {
        fs.mkdirSync(path.join(folder, name));
        fs.chmodSync(path.join(folder, name), 0o755);
        fs.writeFileSync(path.join(folder, name, 'in ' + name.split('/')[0]), '');
      }
      const inside = fs.openSync(path.join(folder, 'bobs', 'inside'));
      const [link, other] = [shared('link'), shared('other')];
      fs.symlinkSync(shared('inside'), link);
      const exchange = \`const fs = require('node:fs'); for (let n = 0; ; n++) {
        fs.symlinkSync(n % 2 ? \${JSON.stringify(shared('inside'))} : '/proc/\${process.pid}/fd/\${inside}', \${JSON.stringify(other)});
        fs.renameSync(\${JSON.stringify(other)}, \${JSON.stringify(link)}); }\`;
      const child = spawn(process.execPath, ['-e', exchange]);
      const [mine, his] = ['shared', 'bobs'].map((of) => fs.statSync(path.join(folder, of, 'inside')).ino);
      const owner = ({ ino }) => ({ [mine]: 'in shared', [his]: 'in bobs' })[ino] ?? 'neither';
      const looks = {
        statSync: () => owner(fs.statSync(link)),
        stat: () => files.stat(link).then(owner),
        readdirSync: () => fs.readdirSync(link)[0],
        readdir: () => files.readdir(link).then(([first]) => first),
        opendir: async () => { const found = []; for await (const { name } of await files.opendir(link)) found.push(name); return found[0]; },
        opendirSync: () => { const dir = fs.opendirSync(link); try { return dir.readSync().name; } finally { dir.closeSync(); } },
        above: () => files.readdir(link + '/.').then(([first]) => first),
      };
      const seen = new Map();
      const enough = () => ['in shared', 'EACCES'].every((what) => (seen.get(what) ?? 0) >= 1000);
      for (let n = 0; n < 5000 && !enough(); n++) {
        for (const [name, look] of Object.entries(looks)) {
          const what = await outcome(() => (name.endsWith('Sync') ? tokens.alice.runSync(look) : tokens.alice.run(look)));
          seen.set(what, (seen.get(what) ?? 0) + 1);
          if (what === 'in bobs') print(name);
        }
      }
      child.kill();
      print([...seen.keys()].sort().join());`);
      expect(await linesOf(source)).toEqual(['EACCES,in shared']);
    });
  });

  describeSwitching('a relative path', () => {
    const reading = `const reads = {
      'impersonate/fs': () => files.readFile('open', 'utf8'),
      promises: () => fs.promises.readFile('./open', 'utf8'),
      callback: () => new Promise((done, fail) => { fs.readFile('open', 'utf8', (error, text) => (error ? fail(error) : done(text))); }),
      stat: () => files.stat('open').then(() => 'found'),
      'sync in a flow': () => fs.readFileSync('open', 'utf8'),
      statSync: () => fs.statSync('open') && 'found',
      readdirSync: () => fs.readdirSync('.').includes('open') && 'found',
      above: () => fs.readdirSync('..') && 'found',
    };
    const readAll = async () => {
      for (const [name, read] of Object.entries(reads)) print(name + ': ' + (await outcome(() => tokens.alice.run(read))));
      print('runSync: ' + (await outcome(() => tokens.alice.runSync(reads['sync in a flow']))));
    };`;

    test('below a folder that the user may not reach is EACCES', async () => {
      const lines = await linesOf(
        program(`${reading}
      process.chdir(path.join(folder, 'services', 'inner'));
      await readAll();`),
      );
      expect(lines).toHaveLength(9);
      for (const line of lines) expect(line).toMatch(/: EACCES$/);
    });

    test('works elsewhere, and is shown in errors', async () => {
      const lines = await linesOf(
        program(`${reading}
      process.chdir(shared());
      await readAll();
      const shown = async (work) => { try { await work(); } catch ({ path, message }) { print(path + ' ' + message); } };
      await shown(() => tokens.alice.run(() => files.stat('missing')));
      await shown(() => tokens.alice.run(() => fs.statSync('missing')));
      await shown(() => tokens.alice.runSync(() => fs.mkdirSync('open/below')));`),
      );
      expect(lines.slice(0, 9).map((line) => line.split(': ')[1])).toEqual([
        ...Array<string>(3).fill('text of shared/open'),
        'found',
        'text of shared/open',
        ...Array<string>(3).fill('found'),
        'text of shared/open',
      ]);
      expect(lines.slice(9)).toEqual([
        "missing ENOENT: no such file or directory, stat 'missing'",
        "missing ENOENT: no such file or directory, stat 'missing'",
        "open/below ENOTDIR: not a directory, mkdir 'open/below'",
      ]);
    });
  });
});
