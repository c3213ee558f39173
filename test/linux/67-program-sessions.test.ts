import childProcess, { type SpawnOptions, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProgramOptions, Token } from 'impersonate';
import { linesOf, runSource } from '../support/children/child';
import { ended, printed, programFile } from '../support/children/programs';
import { caught } from '../support/errors';
import { tempFolder } from '../support/folders';
import { pamModule } from '../support/paths';
import { asService, withLines } from '../support/linux/environment';
import { probe } from '../support/linux/probe';
import { programs } from '../support/linux/programs';
import { alice, bob, describeSwitching, freshTokens } from '../support/world/acting';
import { world } from '../support/world/linux';

interface Service {
  readonly name: string;
  /** What the session's module logged: the step, its user and its own uid; and the monitor's id. */
  steps(): string[];
  monitor(): number;
}

let services = 0;

/** Writes the file of a PAM service whose session logs its steps. */
function newService(lines: readonly string[] = ['auth required pam_permit.so']): Service {
  const name = `impersonate-session-${String(services++)}`;
  const folder = tempFolder(name);
  const [script, log] = [join(folder, 'log.sh'), join(folder, 'log')];
  writeFileSync(script, `#!/bin/sh\necho "$PAM_TYPE $PAM_USER $(id -u) $PPID" >> ${log}\n`);
  chmodSync(script, 0o755);
  writeFileSync(log, '');
  writeFileSync(`/etc/pam.d/${name}`, [`session required pam_exec.so ${script}`, ...lines, ''].join('\n'));
  const logged = (): string[][] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' '));
  return {
    name,
    steps: () => logged().map((line) => line.slice(0, 3).join(' ')),
    monitor: () => Number(logged()[0]?.[3]),
  };
}

/** A service whose module writes its calls; their flags, and descriptors that its helpers would get. */
function newLoggedService(lines: readonly string[] = []): { session: string; calls(): string[] } {
  const log = join(tempFolder('session-calls'), 'log');
  const { name } = newService([
    ...['auth', 'session'].map((type) => `${type} required ${pamModule} ${log}`),
    ...lines,
  ]);
  return { session: name, calls: () => readFileSync(log, 'utf8').split('\n').filter(Boolean) };
}

// PAM_ESTABLISH_CRED and PAM_DELETE_CRED.
const [establish, remove] = ['setcred 2', 'setcred 4'];
const opened = `open_session ${world.alice.name} 0`;
const closed = `close_session ${world.alice.name} 0`;
const both = [opened, closed];
const ascending = (groups: readonly number[]): string => [...groups].sort((a, b) => a - b).join(' ');

async function settled(done: () => boolean): Promise<void> {
  while (!done()) await sleep(5);
}

/** The fields of /proc/PID/stat from the state on; none if there is no such process. */
function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
  } catch {
    return [];
  }
}

// The process that adopts it need not wait for it.
const hasEnded = (pid: number): boolean => ['Z', 'X', undefined].includes(statOf(pid)[0]);

/** A file that tests can only read as root. */
function configuration(text: string): string {
  const file = join(tempFolder('session-conf'), 'conf');
  writeFileSync(file, text);
  return file;
}

describeSwitching('a program in a PAM session', () => {
  freshTokens();

  test('runs between the opening and the closing of the session', async () => {
    const service = newService();
    const child = alice.spawn('sh', ['-c', 'id -u; id -G; cat'], { session: service.name });
    expect(child.pid).toBeGreaterThan(0);
    expect(service.steps()).toEqual([opened]);
    child.stdin.end('input');
    const { stdout, ...rest } = await ended(child);
    expect(rest).toEqual({ code: 0, signal: null, stderr: '' });
    const [uid, groups = '', input] = stdout.split('\n');
    expect([uid, ascending(groups.split(' ').map(Number)), input]).toEqual([
      world.alice.id,
      ascending(world.alice.groups),
      'input',
    ]);
    expect(service.steps()).toEqual(both);
  });

  test('has the credentials and the keyring of the session', async () => {
    const { session, calls } = newLoggedService();
    // Nothing, if the system has no keys.
    const script =
      'keys=$(cat /proc/keys); case $keys in ""|*impersonate-test*) echo yes;; *) echo "$keys";; esac';
    // Node marks the first descriptors of a process to be closed, not those after such a gap.
    const gap = Array.from({ length: 13 }, () => 'ignore' as const);
    const stdio: StdioOptions = ['ignore', 'pipe', 'inherit', ...gap, 'pipe'];
    expect(await printed(alice.spawn('sh', ['-c', script], { session, stdio }))).toBe('yes');
    expect(calls()).toEqual([establish, 'open_session 0', 'close_session 0', remove]);
  });

  test('that waits has the results of one without', () => {
    const service = newService();
    const session = service.name;
    expect(alice.execSync('cat; exit 0', { session, input: 'x', encoding: 'utf8' })).toBe('x');
    expect(alice.spawnSync('sh', ['-c', 'exit 3'], { session })).toMatchObject({ status: 3, signal: null });
    expect(alice.spawnSync('sleep', ['600'], { session, timeout: 50 })).toMatchObject({
      status: null,
      signal: 'SIGTERM',
      error: { code: 'ETIMEDOUT' },
    });
    expect(service.steps()).toEqual([...both, ...both, ...both]);
  });

  test('has the pid that the parent sees, and nothing of the monitor', async () => {
    const service = newService();
    const fd = openSync('/etc/passwd', 'r');
    const shell =
      'echo $$; ls -m /proc/$$/fd; grep -E "^(Uid|Gid|Cap(Inh|Prm|Eff|Amb)):" /proc/$$/status | tr -s "\\t\\n" " "; echo; ' +
      'kill -s 0 $PPID 2>/dev/null && echo signal; for file in environ fd/3 mem maps; do (head -c 1 /proc/$PPID/$file > /dev/null) 2> /dev/null && echo $file; done; echo $PPID; exit 0';
    try {
      const child = alice.spawn('sh', ['-c', shell], {
        session: service.name,
        stdio: ['ignore', 'pipe', 'inherit', 'ignore', fd],
      });
      const { uid, gid } = world.alice;
      const none = '0'.repeat(16);
      expect((await printed(child)).split('\n').map((line) => line.trim())).toEqual([
        String(child.pid),
        '0, 1, 2, 4',
        `Uid: ${`${String(uid)} `.repeat(4)}Gid: ${`${String(gid)} `.repeat(4)}CapInh: ${none} CapPrm: ${none} CapEff: ${none} CapAmb: ${none}`,
        String(service.monitor()),
      ]);
    } finally {
      closeSync(fd);
    }
  });

  test.each([
    ['alone', false, 'SIGTERM'],
    ['with all that it has started', true, 'SIGHUP'],
  ] as const)('gets signals, %s', async (_what, tree, signal) => {
    const service = newService();
    // A shell that waits for another process.
    const child = alice.spawn('sh', ['-c', 'sleep 600 & echo $!; wait'], { session: service.name, tree });
    const [started] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(child.kill(0)).toBe(true);
    expect(child.kill(signal)).toBe(true);
    expect(await once(child, 'exit')).toEqual([null, signal]);
    expect(child.kill()).toBe(false);
    expect(service.steps()).toEqual(both);
    if (!tree) process.kill(Number(started), 'SIGKILL');
    await settled(() => hasEnded(Number(started)));
  });

  test("has the session's variables, which do not replace those of env", async () => {
    const file = configuration('FROM_PAM DEFAULT=yes\nSHELL DEFAULT=/of/pam\n');
    const { name: session } = newService([
      'auth required pam_permit.so',
      `session required pam_env.so conffile=${file} readenv=0`,
    ]);
    const script = 'echo "$FROM_PAM $SHELL $USER $NODE_OPTIONS"';
    const secret = { NODE_OPTIONS: process.env.NODE_OPTIONS };
    process.env.NODE_OPTIONS = '--no-warnings';
    try {
      const { name } = world.alice;
      expect(await printed(alice.spawn('sh', ['-c', script], { session }))).toBe(`yes /of/pam ${name}`);
      const env = { SHELL: 'given', PATH: '/usr/bin:/bin' };
      expect(await printed(alice.spawn('sh', ['-c', script], { session, env }))).toBe('yes given');
    } finally {
      if (secret.NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = secret.NODE_OPTIONS;
    }
  });

  test("has the session's limits, and its monitor does not", async () => {
    const file = configuration(`${world.alice.name} hard nofile 99\n${world.alice.name} soft nofile 77\n`);
    const { name: session } = newService([
      'auth required pam_permit.so',
      `session required pam_limits.so conf=${file}`,
    ]);
    // The soft limit of the monitor, which the session's hard one bounds.
    const shell =
      'ulimit -Sn; ulimit -Hn; grep "open files" /proc/$PPID/limits | tr -s " " | cut -d " " -f 4';
    expect((await printed(alice.spawn('sh', ['-c', shell], { session }))).split('\n')).toEqual([
      '77',
      '99',
      '99',
    ]);
  });

  test('has groups that the session adds, except for a token from which some have been removed', async () => {
    const { name: session } = newService(['auth required pam_group.so']);
    const { bob: other } = world;
    const lines = await linesOf(
      `const alice = await world.alice.token();
      const groups = (token) => token.execFileSync('id', ['-G'], { encoding: 'utf8', session: ${JSON.stringify(session)} }).trim().split(' ').includes('${other.group}');
      print(String(groups(alice)));
      print(String(groups(alice.restrict({ dropGroups: [alice.groups.at(-1)] }))));
      print(String(process.getgroups().includes(${other.group})));`,
      {
        through: withLines('/etc/security/group.conf', [`*;*;${world.alice.name};Al0000-2400;imp-sales`]),
      },
    );
    expect(lines).toEqual(['true', 'false', String(process.getgroups?.().includes(Number(other.group)))]);
  });

  test('goes on when the process of the service ends, and the session is closed after it', async () => {
    const service = newService();
    const marker = join(tempFolder('session-marker'), 'end');
    const result = await runSource(`
      const alice = await world.alice.token();
      const child = alice.spawn('sh', ['-c', 'while [ ! -e ${marker} ]; do sleep 0.05; done'], { stdio: 'ignore', session: ${JSON.stringify(service.name)} });
      print(String(child.pid));
      process.kill(process.pid, 'SIGKILL');`);
    const pid = Number(result.stdout);
    const monitor = service.monitor();
    // What a service manager sends to all processes of the service.
    process.kill(monitor, 'SIGTERM');
    await sleep(100);
    process.kill(pid, 0);
    expect(service.steps()).toEqual([opened]);
    chmodSync(join(marker, '..'), 0o755);
    writeFileSync(marker, '');
    await settled(() => hasEnded(monitor));
    expect(service.steps()).toEqual(both);
  });

  test('whose monitor has been killed ends with an error', async () => {
    const service = newService();
    const child = alice.spawn('sleep', ['600'], { session: service.name, stdio: 'ignore' });
    process.kill(service.monitor(), 'SIGKILL');
    const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ESRCH');
    expect(child.kill()).toBe(false);
    process.kill(Number(child.pid), 'SIGKILL');
  });

  test.each<[string, string[], string]>([
    ['a service account', asService(['setuid', 'setgid', 'dac_override']), ''],
    ['root that has dropped its effective uid', [], 'process.seteuid(4300);'],
  ])('of %s has the identity of the user', async (_what, through, before) => {
    const session = 'impersonate-session-of-service';
    writeFileSync(`/etc/pam.d/${session}`, 'auth required pam_permit.so\nsession required pam_permit.so\n');
    const lines = await linesOf(
      `const alice = await world.alice.token();
      ${before}
      const status = alice.execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8', cwd: '/', session: '${session}' });
      print(/^Uid:\\s*(.*)$/m.exec(status)[1].split('\\t').join());
      print(/^CapEff:\\s*(.*)$/m.exec(status)[1]);`,
      { through },
    );
    expect(lines).toEqual([Array.from({ length: 4 }, () => world.alice.id).join(), '0'.repeat(16)]);
  });

  test('alone has its stdio: its end is that of the streams', async () => {
    const service = newService();
    const script = 'exec >&-; read line; exit 5';
    const child = alice.spawn('sh', ['-c', script], { session: service.name });
    child.stdout.resume();
    await once(child.stdout, 'end');
    expect(service.steps()).toEqual([opened]);
    child.stdin.end('line\n');
    expect(await once(child, 'close')).toEqual([5, null]);
  });

  test('has a monitor without the variables and the descriptors of the service', async () => {
    const service = newService();
    process.env.IMPERSONATE_TEST_SECRET = 'secret';
    const fd = openSync('/etc/passwd', 'r');
    try {
      // Not closed by the execution alone.
      expect(probe().inheritDescriptor(fd)).toBe(0);
      const child = alice.spawn('cat', ['-', 'secret'], {
        session: service.name,
        stdio: ['pipe', fd, 'ignore'],
      });
      const folder = `/proc/${String(service.monitor())}`;
      const names = readFileSync(`${folder}/environ`, 'utf8').split('\0');
      expect(names.filter((pair) => !/^(PATH|LD_LIBRARY_PATH|IMPERSONATE_RESERVED_UID)=/.test(pair))).toEqual(
        [''],
      );
      expect(readFileSync(`${folder}/cmdline`, 'utf8').split('\0')).toEqual([
        process.execPath,
        expect.stringMatching(/session-monitor\.js$/),
        '',
      ]);
      // The socket to this process, and what node has for itself.
      const links = readdirSync(`${folder}/fd`).map((name) => readlinkSync(`${folder}/fd/${name}`));
      expect(links.filter((link) => !/^(\/dev\/null|anon_inode:.*|pipe:.*)$/.test(link))).toEqual([
        expect.stringMatching(/^socket:/),
      ]);
      child.stdin?.end();
      await once(child, 'close');
    } finally {
      closeSync(fd);
      delete process.env.IMPERSONATE_TEST_SECRET;
    }
  });

  test('exchanges messages with its parent', async () => {
    const { name: session } = newService();
    const program = programFile(
      "process.once('message', (text) => { process.send([text, process.getuid()]); process.disconnect(); });",
    );
    const child = alice.fork(program, [], { session, cwd: '/' });
    child.send('text');
    expect(await once(child, 'message')).toEqual([['text', world.alice.uid], undefined]);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('is that of the flow in which it is started', async () => {
    const service = newService();
    const options: ProgramOptions = { session: service.name };
    const child = alice.run(() => childProcess.spawn('id', ['-u'], options as SpawnOptions));
    expect(await printed(child)).toBe(world.alice.id);
    expect(service.steps()).toEqual(both);
  });

  test('leaves no process, no descriptor and no open session, as 50 others do', async () => {
    const service = newService();
    const lines = await linesOf(`${programs}
      const users = [[await world.alice.token(), world.alice.id], [await world.bob.token(), world.bob.id]];
      const { once } = require('node:events');
      const { text } = require('node:stream/consumers');
      const open = (i) => {
        const [token, id] = users[i % 2];
        const child = token.spawn('sh', ['-c', 'id -u; cat'], { session: '${service.name}', cwd: '/' });
        const closed = Promise.all([text(child.stdout), once(child, 'close')]);
        return async () => {
          child.stdin.end();
          const [output] = await closed;
          return output.trim() === id;
        };
      };
      await open(0)();
      await settled(() => children().length === 0);
      const before = descriptors();
      const all = Array.from({ length: 50 }, (_, i) => open(i));
      print(String(children().length));
      const seen = await Promise.all(all.map((end) => end()));
      print(String(seen.every(Boolean)));
      // The first one's may have been closing.
      await settled(() => children().length === 0 && descriptors() <= before);`);
    expect(lines).toEqual(['50', 'true']);
    const steps = service.steps();
    const count = (step: string): number => steps.filter((one) => one.startsWith(step)).length;
    expect([count('open_session'), count('close_session')]).toEqual([51, 51]);
  });
});

describeSwitching('no program is started', () => {
  freshTokens();

  test.each([
    [['auth required pam_debug.so cred=cred_err'], 'PAM_CRED_ERR', 17, 'pam_setcred', []],
    [
      ['auth required pam_permit.so', 'session required pam_debug.so open_session=session_err'],
      'PAM_SESSION_ERR',
      14,
      'pam_open_session',
      [opened],
    ],
  ])('in a session of %p: %s', (lines, code, errno, syscall, steps) => {
    const service = newService(lines);
    const marker = join(tempFolder('session-none'), 'ran');
    chmodSync(join(marker, '..'), 0o777);
    const options = { session: service.name };
    const expected = { name: 'ImpersonationError', code, errno, syscall };
    expect(caught(() => alice.spawn('touch', [marker], options))).toMatchObject(expected);
    expect(caught(() => alice.spawnSync('touch', [marker], options))).toMatchObject(expected);
    expect(existsSync(marker)).toBe(false);
    expect(service.steps()).toEqual([...steps, ...steps]);
  });

  test('in a session that cannot be opened, and the credentials are removed', () => {
    const { session, calls } = newLoggedService(['session required pam_debug.so open_session=session_err']);
    expect(caught(() => alice.spawn('true', { session }))).toMatchObject({ code: 'PAM_SESSION_ERR' });
    expect(calls()).toEqual([establish, 'open_session 0', remove]);
  });

  test('and no process and no descriptor is left by what has failed', async () => {
    const permit = 'auth required pam_permit.so';
    const lines = await linesOf(`${programs}
      const token = await world.alice.token();
      const attempt = (session, file = 'true') => outcome(() => token.spawnSync(file, { session, cwd: '/' }).error?.code);
      attempt('${newService().name}');
      const before = descriptors();
      print(attempt('${newService(['auth required pam_debug.so cred=cred_err']).name}'));
      print(attempt('${newService([permit, 'session required pam_debug.so open_session=session_err']).name}'));
      print(attempt('${newService().name}', 'no-such-program'));
      print(attempt('impersonate-no-such-service'));
      // The first one's may have been closing.
      await settled(() => children().length === 0 && descriptors() <= before);`);
    expect(lines).toEqual([
      'PAM_CRED_ERR pam_setcred',
      'PAM_SESSION_ERR pam_open_session',
      'ENOENT',
      'ERR_UNKNOWN_SERVICE stat',
    ]);
  });

  test('that does not exist, and the session is closed', async () => {
    const service = newService();
    const child = alice.spawn('no-such-program', ['a'], { session: service.name });
    expect((await once(child, 'error'))[0]).toMatchObject({
      code: 'ENOENT',
      path: 'no-such-program',
      spawnargs: ['a'],
    });
    expect(child.pid).toBeUndefined();
    expect(service.steps()).toEqual(both);
  });

  test('without the file of the service, or an account of the user', () => {
    const session = 'impersonate-no-such-service';
    // Which would accept every user.
    writeFileSync('/etc/pam.d/other', 'auth required pam_permit.so\nsession required pam_permit.so\n');
    expect(caught(() => bob.spawn('true', { session }))).toMatchObject({ code: 'ERR_UNKNOWN_SERVICE' });
    using token = Token.forIds({ uid: 43210, gid: 43210 });
    expect(caught(() => token.spawn('true', { session: newService().name }))).toMatchObject({
      code: 'ERR_UNKNOWN_USER',
      syscall: 'getpwuid_r',
    });
  });

  test.each([[5], [null], [''], ['a/b'], ['..'], ['a\0b']])('in the session %j', (session) => {
    const error = caught(() => alice.spawn('true', { session: session as string }));
    expect(error.name).toBe('TypeError');
    expect(error.message).toContain('"options.session"');
  });

  test('if the process of the service ends while the session opens', async () => {
    const folder = tempFolder('session-slow');
    chmodSync(folder, 0o777);
    const [go, ran, script] = ['go', 'ran', 'wait.sh'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(script, `#!/bin/sh\nwhile [ ! -e ${go} ]; do sleep 0.05; done\n`);
    chmodSync(script, 0o755);
    const service = newService(['auth required pam_permit.so', `session required pam_exec.so ${script}`]);
    const result = runSource(
      `(await world.alice.token()).spawn('touch', ['${ran}'], { session: '${service.name}' });`,
    );
    await settled(() => service.steps().length > 0);
    const monitor = service.monitor();
    process.kill(Number(statOf(monitor)[1]), 'SIGKILL');
    expect((await result).signal).toBe('SIGKILL');
    writeFileSync(go, '');
    await settled(() => hasEnded(monitor));
    expect(service.steps()).toEqual(both);
    expect(existsSync(ran)).toBe(false);
  });

  test('if its monitor does not run', () => {
    const { execPath } = process;
    for (const [path, errno] of [
      ['/no/such/node', 2],
      ['/bin/true', undefined],
    ] as const) {
      process.execPath = path;
      try {
        const error = caught(() => alice.spawn('true', { session: newService().name }));
        expect([error.code, error.errno]).toEqual(['ERR_SESSION_FAILED', errno]);
      } finally {
        process.execPath = execPath;
      }
    }
  });
});
