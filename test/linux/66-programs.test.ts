import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramOptions, Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { usersSource } from '../support/children/sources';
import { printed } from '../support/children/programs';
import { root } from '../support/paths';
import { alice, describeSwitching, freshTokens } from '../support/world/acting';

const core = JSON.stringify(join(root, 'dist', 'core.js'));

describeSwitching('known folders', () => {
  // The tests' users have no home folder.
  const withHome = (): string => `${usersSource('known')}
    const { native } = require(${core});
    const home = within(alice);
    native.loginEnvironment = () => ['HOME=' + home];
    const config = path.join(home, '.config');
    const list = path.join(config, 'user-dirs.dirs');
    tokens.alice.runSync(() => fs.mkdirSync(config));
    const write = (text) => tokens.alice.runSync(() => fs.writeFileSync(list, text));
    const of = async (name) => path.relative(home, await tokens.alice.knownFolder(name));`;

  test('are those of user-dirs.dirs, or have their usual names', async () => {
    const lines = await linesOf(`${withHome()}
      for (const name of ['Documents', 'Downloads', 'LocalAppData', 'RoamingAppData']) print(await of(name));
      write('# comment\\nXDG_DOCUMENTS_DIR="$HOME/My \\\\"papers\\\\""\\n XDG_MUSIC_DIR="/srv/music/"\\nXDG_VIDEOS_DIR="relative"\\nXDG_DESKTOP_DIR=$HOME\\n');
      print(await of('Documents'));
      print(await tokens.alice.knownFolder('Music'));
      for (const name of ['Videos', 'Desktop', 'Pictures']) print(await of(name));`);
    expect(lines).toEqual([
      ...['Documents', 'Downloads', '.local/share', '.config'],
      ...['My "papers"', '/srv/music', 'Videos', 'Desktop', 'Pictures'],
    ]);
  });

  test('are read as the user, and not from a FIFO', async () => {
    const lines = await linesOf(`${withHome()}
      const { execFileSync } = require('node:child_process');
      fs.writeFileSync(secret, 'XDG_MUSIC_DIR="/of/the/service"');
      fs.symlinkSync(secret, list);
      print(await of('Music'));
      fs.unlinkSync(list);
      execFileSync('mkfifo', [list]);
      print(await of('Music'));
      fs.unlinkSync(list);
      write('#'.repeat(70_000) + '\\nXDG_MUSIC_DIR="/too/late"');
      print(await of('Music'));`);
    expect(lines).toEqual(['Music', 'Music', 'Music']);
  });
});

describeSwitching('the descriptors of a program', () => {
  freshTokens();

  test('are its stdio', async () => {
    const fd = openSync('/etc/passwd', 'r');
    const shell = 'exec ls /proc/self/fd';
    try {
      // The last one is the folder that ls reads.
      expect(await printed(alice.spawn('sh', ['-c', shell]))).toBe('0\n1\n2\n3');
      expect(alice.execSync(shell, { encoding: 'utf8' })).toBe('0\n1\n2\n3\n');
      const stdio = ['ignore', 'pipe', 'inherit', 'ignore', fd] as const;
      expect(await printed(alice.spawn('sh', ['-c', shell], { stdio: [...stdio] }))).toBe('0\n1\n2\n3\n4');
    } finally {
      closeSync(fd);
    }
  });
});

describeSwitching('a program of a token without some of the groups', () => {
  freshTokens();

  test('can gain no rights, unless that is asked for', () => {
    using restricted = alice.restrict({ dropGroups: true });
    const flagOf = (token: Token, options: ProgramOptions = {}): string | undefined => {
      const status = token.execFileSync('cat', ['/proc/self/status'], { ...options, encoding: 'utf8' });
      return /^NoNewPrivs:\t(.)$/m.exec(status)?.[1];
    };
    expect([flagOf(alice), flagOf(alice, { noNewPrivileges: true })]).toEqual(['0', '1']);
    expect([flagOf(restricted), flagOf(restricted, { noNewPrivileges: false })]).toEqual(['1', '0']);
  });
});
