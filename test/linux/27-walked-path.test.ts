import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { describeSwitching } from '../support/world/acting';
import { tempFolder } from '../support/folders';

const probePath = JSON.stringify(require.resolve('../support/linux/probe'));

/** A program with alice's token and a tree; \`results()\` returns the outcome of each operation with each path. */
const program = (body: string): string => `const path = require('node:path');
  const { probe } = require(${probePath});
  const base = ${JSON.stringify(tempFolder('walked-path'))};
  const alice = await world.alice.token();
  const at = (name) => path.join(base, name);
  const own = (name, who, mode) => { world.own(at(name), who); fs.chmodSync(at(name), mode); };
  const links = { file: 'd/f', folder: 'd', chain: 'folder', through: 'chain/sub/../f', up: '..', absolute: at('d/f'), slash: 'd/', fileSlash: 'd/f/',
    manySlashes: './/d///sub', root: '/', top: '//..', self: 'self', one: 'two', two: 'one', dangling: 'd/new', danglingFolder: 'none/new',
    newSlash: 'd/new/', toLocked: 'locked/f', locked2: 'locked', dot: '.', here: 'd/sub/.', back: 'd/sub/..', proc: '/proc', inProc: '/proc/self/cwd/x',
    net: '/proc/net/dev', status: '/proc/self/status', pipe: 'd/pipe', beyondFile: 'd/f/x', n0: 'd/f', 'sticky/own': 'f', 'd/link': 'f' };
  for (let n = 1; n <= 45; n++) links['n' + n] = 'n' + (n - 1);
  fs.chmodSync(base, 0o755);
  const build = () => {
    for (const name of fs.readdirSync(base)) fs.rmSync(at(name), { recursive: true });
    for (const name of ['d', 'd/sub', 'locked', 'sticky']) fs.mkdirSync(at(name));
    for (const name of ['d/f', 'locked/f', 'sticky/f', 'unreadable']) fs.writeFileSync(at(name), name);
    for (const [name, to] of Object.entries(links)) fs.symlinkSync(to, at(name));
    fs.symlinkSync('f', at('sticky/bobs'));
    for (const name of ['d', 'd/sub', 'd/f', 'sticky/f']) own(name, world.alice, 0o755);
    for (const name of ['locked', 'unreadable']) own(name, world.bob, 0o700);
    fs.lchownSync(at('sticky/bobs'), world.bob.uid, world.bob.gid);
    fs.chmodSync(at('sticky'), 0o1777);
  };
  const names = [...Object.keys(links).filter((name) => !/^n[1-9]$|^n[1-3].$|^n4[3-5]/.test(name)), 'd', 'd/f', 'd/new', 'd/none/new', 'locked', 'locked/f', 'unreadable', 'none', 'sticky/bobs', 'x'.repeat(255), 'x'.repeat(256)];
  const ends = ['', '/', '///', '/.', '/..', '/f', '/new', '/f/', '/sub/../f', '/../d/f', '/none/..'];
  const paths = names.flatMap((name) => ends.map((end) => base + '/' + name + end));
  paths.push('', '/', '//', '/.', '/..', '/../..' + base + '/d/f', base + '/./'.repeat(1300) + 'd/f', base + '/d/..'.repeat(700) + '/d/f', '/x'.repeat(2100),
    '/proc/self', '/proc/thread-self/', '/proc/self/', '/proc/mounts', '/proc/net/', '/proc/net', '/proc/1/exe', '/proc/1/cwd/', '/proc/self/ns/net', '/proc/self/fd/0/',
    '/dev/null', '/dev/null/', 'd/f', './folder/f', '../', 'chain', 'none/', 'sub/x');
  const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOATIME, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = fs.constants;
  const O_TMPFILE = 0o20000000 | O_DIRECTORY, O_PATH = 0o10000000;
  const flags = { r: O_RDONLY, w: O_WRONLY | O_TRUNC, creating: O_WRONLY | O_CREAT, exclusive: O_WRONLY | O_CREAT | O_EXCL, 'no link': O_NOFOLLOW, folder: O_DIRECTORY,
    'folder, no link': O_DIRECTORY | O_NOFOLLOW, 'creating, no link': O_WRONLY | O_CREAT | O_NOFOLLOW, temporary: O_TMPFILE | O_WRONLY, 'no times': O_NOATIME,
    object: O_PATH, 'object, no link': O_PATH | O_NOFOLLOW, 'object, folder': O_PATH | O_DIRECTORY, 'object, folder, no link': O_PATH | O_DIRECTORY | O_NOFOLLOW };
  const opening = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, (given) => fs.openSync(given, flag, 0o640)]));
  const text = (stats) => [stats.mode, stats.uid, stats.isFile() && stats.size].join();
  const reading = { stat: (given) => text(fs.statSync(given)), lstat: (given) => text(fs.lstatSync(given)), readlink: (given) => fs.readlinkSync(given),
    readdir: (given) => fs.readdirSync(given).length > 0 };
  const changing = { mkdir: (given) => fs.mkdirSync(given), unlink: (given) => fs.unlinkSync(given), rmdir: (given) => fs.rmdirSync(given), rename: (given) => fs.renameSync(given, at('d/renamed')) };
  const below = (name) => fs.readdirSync(at(name), { withFileTypes: true }).flatMap((entry) => {
    const inner = path.join(name, entry.name);
    return entry.isDirectory() ? [inner, ...below(inner)] : [inner];
  });
  const whole = () => below('').sort().join();
  const outcome = (work, given) => { try { return alice.runSync(() => work(given)); } catch (error) { return error.code; } };
  const results = () => {
    build();
    process.chdir(base);
    const before = whole();
    const seen = [];
    const note = (name, given, ...what) => seen.push([name, given.slice(0, 120), ...what].join(' '));
    const reset = () => { const after = whole(); if (after !== before) build(); return after === before ? '' : after; };
    for (const given of paths) {
      for (const [name, work] of Object.entries(reading)) note(name, given, outcome(work, given));
      for (const [name, work] of Object.entries(opening)) {
        const fd = outcome(work, given);
        if (typeof fd !== 'number') { note(name, given, fd); continue; }
        const found = fs.readlinkSync('/proc/self/fd/' + fd).replace(/#\\d+/, '#');
        const { mode } = fs.fstatSync(fd);
        fs.closeSync(fd);
        note(name, given, found, mode, reset());
      }
      for (const [name, work] of Object.entries(changing)) note(name, given, outcome(work, given), reset());
    }
    return seen;
  };
  ${body}`;

/** The differences for each errno that openat2 fails with. */
const comparing = (errnos: readonly number[]): string => `const expected = results();
  print(String(expected.length > 5000));
  for (const errno of [${errnos.join()}]) {
    probe().failSyscall('openat2', errno);
    for (const [n, line] of results().entries()) if (line !== expected[n]) print([errno, line, 'instead of', expected[n]].join(' '));
  }`;

describeSwitching('without openat2', () => {
  test('every path resolves as with it', async () => {
    expect(await linesOf(program(comparing([38, 1])))).toEqual(['true']);
  });

  test.each([
    ['a link', "'f'", 'd/f,other'],
    [
      'a magic link to what the process has open',
      "'/proc/' + process.pid + '/fd/' + fs.openSync(at('locked/f'))",
      'EACCES,other',
    ],
  ])('a file is exchanged for %s, and back', async (_name, target, expected) => {
    const lines = await linesOf(
      program(`build();
      probe().failSyscall('openat2', 38);
      const { spawn } = require('node:child_process');
      const [link, other] = [at('d/exchanged'), at('d/other')];
      const target = ${target};
      fs.symlinkSync(target, link);
      const exchange = \`const fs = require('node:fs'); for (let n = 0; ; n++) {
        const to = \${JSON.stringify(other)};
        n % 2 ? fs.symlinkSync(\${JSON.stringify(target)}, to) : fs.writeFileSync(to, 'other');
        fs.renameSync(to, \${JSON.stringify(link)}); }\`;
      const child = spawn(process.execPath, ['-e', exchange], { stdio: 'inherit' });
      const seen = new Map();
      const enough = () => [...seen.values()].filter((count) => count >= 2000).length >= 2;
      for (let n = 0; n < 50000 && !enough(); n++) {
        const found = outcome((given) => fs.readFileSync(given, 'utf8'), link);
        seen.set(found || 'other', (seen.get(found || 'other') ?? 0) + 1);
      }
      child.kill();
      print([...seen.keys()].sort().join());`),
    );
    expect(lines).toEqual([expected]);
  });

  test.each([
    ['1', 'EACCES,f'],
    ['0', 'f,f'],
  ])('fs.protected_symlinks is respected: %s', async (value, expected) => {
    const setting = join(tempFolder('protected-symlinks'), 'value');
    writeFileSync(setting, `${value}\n`);
    const mount = 'mount --bind "$0" /proc/sys/fs/protected_symlinks && exec "$@"';
    const through = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, setting];
    const lines = await linesOf(
      program(`build();
      probe().failSyscall('openat2', 38);
      print(['sticky/bobs', 'sticky/own'].map((name) => outcome((given) => path.basename(fs.readFileSync(given, 'utf8')), at(name))).join());`),
      { through },
    );
    expect(lines).toEqual([expected]);
  });

  test('follows no link on a file system mounted with nosymfollow', async () => {
    const folder = tempFolder('nosymfollow');
    symlinkSync('/etc/passwd', join(folder, 'link'));
    chmodSync(folder, 0o755);
    const mount = 'mount --bind "$0" "$0" && mount -o remount,bind,nosymfollow "$0" && exec "$@"';
    const through = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mount, folder];
    const open = `outcome(fs.readFileSync, ${JSON.stringify(join(folder, 'link'))})`;
    const source = program(`print(${open}); probe().failSyscall('openat2', 38); print(${open});`);
    expect(await linesOf(source, { through })).toEqual(['ELOOP', 'ELOOP']);
  });
});
