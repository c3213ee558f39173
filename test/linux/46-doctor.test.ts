import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Capability, CapabilityName, Diagnosis, LinuxFacts } from 'impersonate';
import { type ChildOptions, linesOf, runSource } from '../support/children/child';
import { commandFile, diagnose, runCommand, spawnCommand } from '../support/children/command';
import { ended, programFile } from '../support/children/programs';
import { tempFolder } from '../support/folders';
import { asService, outputInUserNamespace, serviceIds } from '../support/linux/environment';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const product = JSON.stringify(require.resolve('impersonate'));
const probe = `const { probe } = require(${JSON.stringify(require.resolve('../support/linux/probe'))});`;
const report = `print(JSON.stringify([Token.canImpersonate(), await require(${product}).doctor()]));`;

interface Found extends Capability {
  readonly facts: LinuxFacts;
}

function find(name: CapabilityName, line: string | undefined): Found {
  const [canImpersonate, { capabilities, facts }] = JSON.parse(line ?? '') as [boolean, Diagnosis];
  const found = (wanted: CapabilityName): Capability =>
    capabilities.find((one) => one.name === wanted) as Capability;
  expect(canImpersonate).toBe(found('scopes').can);
  return { ...found(name), facts: facts as LinuxFacts };
}

/** Returns the verdict for a process, after `before` has run in it. */
const verdict = async (name: CapabilityName, options?: ChildOptions, before = ''): Promise<Found> =>
  find(name, (await linesOf(`${before}\n${report}`, options))[0]);

const inNamespace = async (...given: Parameters<typeof outputInUserNamespace>): Promise<Found> =>
  find('scopes', await outputInUserNamespace(...given));

/** The arguments of setpriv that the remedy names. */
const setprivOf = ({ fix = '' }: Capability): string[] =>
  /setpriv ((?:--\S+=[^\s)]+ ?)+)/.exec(fix)?.[1]?.trim().split(' ') ?? [];

const setcap = '/usr/sbin/setcap';
const { uid, gid } = serviceIds;
const ids = ['setpriv', `--reuid=${String(uid)}`, `--regid=${String(gid)}`, '--clear-groups'];
const service = asService(['setuid', 'setgid']);

describeSwitching('the doctor finds why a process cannot act as users, and its advice mends it', () => {
  test('root and the recommended service can', async () => {
    expect(await verdict('scopes')).toMatchObject({ can: true });
    const found = await verdict('scopes', { through: service });
    expect(found).toMatchObject({ can: true });
    expect(found.facts).toMatchObject({
      uids: [uid, uid, uid],
      gids: [gid, gid, gid],
      capabilities: {
        effective: ['CAP_SETGID', 'CAP_SETUID'],
        permitted: ['CAP_SETGID', 'CAP_SETUID'],
        inheritable: ['CAP_SETGID', 'CAP_SETUID'],
        ambient: ['CAP_SETGID', 'CAP_SETUID'],
      },
      noNewPrivileges: false,
      seccomp: 'none',
      securebits: [],
      reservedUid: 65_533,
    });
    expect(found.facts.capabilities.bounding.length).toBeGreaterThan(2);
  });

  test.each<[string, readonly string[], string]>([
    ['an ordinary user', asService([]), 'the process lacks CAP_SETUID and CAP_SETGID'],
    ['CAP_SETUID alone', asService(['setuid']), 'the process lacks CAP_SETGID'],
    ['CAP_SETGID alone', asService(['setgid']), 'the process lacks CAP_SETUID'],
    [
      'an ordinary user under no_new_privs',
      ['setpriv', '--no-new-privs', ...ids.slice(1)],
      'the process lacks CAP_SETUID and CAP_SETGID, and no_new_privs keeps it from getting more rights',
    ],
  ])('%s', async (_who, through, because) => {
    const found = await verdict('scopes', { through });
    expect(found).toMatchObject({ can: false, because });
    expect(found.fix).toContain('AmbientCapabilities=CAP_SETUID CAP_SETGID');
    expect(found.facts.switchProblem).toMatch(/^EPERM: [^;]+ set\w+: the process lacks CAP_SET\w+/);
    const given = setprivOf(found);
    expect(given).toHaveLength(2);
    // With no_new_privs, if it was set.
    const kept = found.facts.noNewPrivileges ? ['--no-new-privs'] : [];
    const mended = await verdict('scopes', { through: [...ids, ...kept, ...given] });
    expect(mended).toMatchObject({ can: true });
    expect(mended.facts.noNewPrivileges).toBe(kept.length > 0);
  });

  // The kernel lets such a program ignore LD_PRELOAD, which loads a sanitizer.
  const hasSetcap = existsSync(setcap) && process.env.LD_PRELOAD === undefined;
  (hasSetcap ? test : test.skip)('setcap on a copy of node, except under no_new_privs', async () => {
    const execPath = join(tempFolder('setcap'), 'node');
    copyFileSync(process.execPath, execPath);
    const found = await verdict('scopes', { execPath, through: ids });
    const [command = ''] = /setcap \S+/.exec(found.fix ?? '') ?? [];
    execFileSync(setcap, [...command.split(' ').slice(1), execPath]);
    expect(await verdict('scopes', { execPath, through: ids })).toMatchObject({ can: true });
    // The first program gives up the capabilities that the second one could keep.
    const noNewPrivileges = ['setpriv', '--no-new-privs'];
    const barred = await verdict('scopes', { execPath, through: [...ids, ...noNewPrivileges] });
    expect(barred.because).toContain('no_new_privs');
    expect(barred.fix).toContain('start it without no_new_privs');
  });

  test('a bounding set without a capability', async () => {
    const found = await verdict('scopes', { through: [...ids, '--bounding-set=-setuid'] });
    expect(found.because).toContain('its bounding set does not let it get CAP_SETUID');
    expect(found.fix).toContain('CapabilityBoundingSet=');
    expect(found.fix).toContain('--cap-add=SETUID --cap-add=SETGID');
    const [kept, given] = ['--bounding-set=-all,+setuid,+setgid', service.slice(ids.length)];
    expect(await verdict('scopes', { through: [...ids, kept, ...given] })).toMatchObject({ can: true });
  });

  test.each<[string, readonly string[], number]>([
    ['without ids', ['unshare', '--user'], 0],
    ['of root alone', ['unshare', '--user', '--map-root-user'], 1],
  ])('a user namespace %s', async (_what, through, count) => {
    const found = await verdict('scopes', { through });
    expect(found).toMatchObject({
      can: false,
      because: `the user namespace maps ${String(count)} uids and ${String(count)} gids, so it has no users to act as`,
    });
    expect(found.facts.userNamespace.uids).toHaveLength(count);
    const range = '0 0 65536';
    const mended = await inNamespace(report, { uids: range, gids: range });
    expect(mended).toMatchObject({ can: true });
    expect(mended.facts.userNamespace.uids).toEqual([{ inside: 0, outside: 0, count: 65_536 }]);
  });

  test('a user namespace whose uids all belong to accounts', async () => {
    const few = { uids: '0 0 3', gids: '0 0 65536' };
    const found = await inNamespace(report, few);
    expect(found.because).toMatch(/^Every uid of this user namespace belongs to an account.*RESERVED_UID$/);
    expect(found.fix).toContain('IMPERSONATE_RESERVED_UID');
    expect(found.facts.reservedUid).toBeNull();
    const set = ['env', 'IMPERSONATE_RESERVED_UID=2'];
    expect(await inNamespace(report, { ...few, through: set })).toMatchObject({ can: true });
    expect(await inNamespace(report, { ...few, uids: '0 0 1000' })).toMatchObject({ can: true });
  });

  test('a user namespace in which groups cannot be set', async () => {
    const range = '0 0 65536';
    const found = await inNamespace(report, { uids: range, gids: range, setgroups: 'deny' });
    expect(found).toMatchObject({ can: false, facts: { userNamespace: { setgroups: 'deny' } } });
    expect(found.because).toContain('/proc/self/setgroups');
    expect(found.fix).toContain('newgidmap');
    expect(await inNamespace(report, { uids: range, gids: range })).toMatchObject({ can: true });
  });

  test('ambient capabilities that could not be restored', async () => {
    const noRaise = `${probe} print(String(probe().setSecurebits(1 << 6)));`;
    const through = asService(['setuid', 'setgid', 'setpcap']);
    const [set, line] = await linesOf(`${noRaise}\n${report}`, { through });
    expect(set).toBe('0');
    const found = find('scopes', line);
    expect(found.because).toContain('SECBIT_NO_CAP_AMBIENT_RAISE');
    expect(found.fix).toContain('SecureBits=');
    expect(found.facts.securebits).toEqual(['SECBIT_NO_CAP_AMBIENT_RAISE']);
    expect(await verdict('scopes', { through })).toMatchObject({ can: true });
  });

  test.each(['setgroups', 'setresgid', 'setresuid'])('a filter that denies %s', async (call) => {
    const found = await verdict('scopes', {}, `${probe} probe().failSyscall('${call}', 1);`);
    expect(found.because).toMatch(
      new RegExp(`^EPERM: .*, ${call}: a seccomp filter or a security module denies the call`),
    );
    expect(found.because).not.toContain('npx impersonate doctor');
    expect(found.fix).toContain('SystemCallFilter=@setuid');
    expect(found.facts.seccomp).toBe('filter');
  });

  test('a filter that only pretends', async () => {
    const found = await verdict('scopes', {}, `${probe} probe().failSyscall('setresuid', 0);`);
    expect(found.because).toContain('reads back another identity');
    expect(found.fix).toContain('system call filter');
  });
});

describeSwitching('the doctor is about the process', () => {
  test('in an ImpersonatedWorker and on a sealed thread too', async () => {
    const post = `require(${product}).doctor().then((found) => require('node:worker_threads').parentPort.postMessage(JSON.stringify(found)));`;
    const lines = await linesOf(`
      const { doctor, ImpersonatedWorker, seal } = require(${product});
      const own = JSON.stringify(await doctor());
      const token = await world.alice.token();
      const worker = new ImpersonatedWorker(${JSON.stringify(post)}, { eval: true, token });
      const posted = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      print(String(posted === own));
      seal();
      print(String(JSON.stringify(await doctor()) === own));`);
    expect(lines).toEqual(['true', 'true']);
  });
});

describeSwitching('the doctor finds why programs cannot be started', () => {
  test.each([
    ['close_range', 38],
    ['clone', 11],
  ])('a filter that denies %s', async (call, errno) => {
    const before = `${probe} probe().failSyscallOnAllThreads('${call}', ${String(errno)});`;
    const found = await verdict('processes', {}, before);
    expect(found).toMatchObject({
      can: false,
      because: expect.stringMatching(/close_range|EAGAIN/) as string,
    });
    expect(found.fix).toContain('close_range');
    expect(await verdict('scopes', {}, before)).toMatchObject({ can: true });
    expect(await verdict('processes', { through: service })).toMatchObject({ can: true });
  });
});

describeSwitching('the doctor finds why the package does not load', () => {
  test.each<[string, NodeJS.ProcessEnv, string, NodeJS.ProcessEnv]>([
    [
      'a reserved uid that cannot be used',
      { IMPERSONATE_RESERVED_UID: '0' },
      'IMPERSONATE_RESERVED_UID',
      { IMPERSONATE_RESERVED_UID: '64999' },
    ],
    ...(Number.parseInt(process.versions.node, 10) > 20
      ? []
      : [
          ['io_uring', { UV_USE_IO_URING: '1' }, 'UV_USE_IO_URING', {}] as [
            string,
            NodeJS.ProcessEnv,
            string,
            NodeJS.ProcessEnv,
          ],
        ]),
  ])('%s', async (_what, env, name, mended) => {
    const { code, capabilities, facts } = await diagnose(['scopes'], { env });
    expect(code).toBe(1);
    expect(facts).toMatchObject({ loadError: { message: expect.stringContaining(name) as string } });
    for (const one of capabilities) {
      expect(one).toMatchObject({ can: false, because: expect.stringContaining(name) as string });
      expect(one.because).not.toContain('npx impersonate doctor');
      expect(one.fix).toContain(name);
    }
    expect(await diagnose(['scopes'], { env: mended })).toMatchObject({ code: 0 });
    const { code: failed, stderr } = await runCommand(['whoami'], { env });
    expect([failed, stderr]).toEqual([1, expect.stringMatching(/^impersonate: ERR_\w+: /)]);
  });
});

/** For ChildOptions.through: with /etc/shadow readable for this group, in a mount namespace of its own. */
function withShadowOf(group: number): string[] {
  const copy = join(tempFolder('shadow'), 'shadow');
  const script = `cp /etc/shadow "$0" && chgrp ${String(group)} "$0" && chmod 640 "$0" && mount --bind "$0" /etc/shadow && exec "$@"`;
  return ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, copy];
}

/** The same with these service files of PAM. */
function withPam(files: Readonly<Record<string, string>>): string[] {
  const folder = join(tempFolder('pam'), 'pam.d');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    'mount --bind "$0" /etc/pam.d && exec "$@"',
    folder,
  ];
}

const logsOn = `print(await Token.logon(world.alice.logon()).then((token) => token.user.id, (error) => error.message));`;

describeSwitching('the doctor finds why Token.logon cannot check passwords', () => {
  test('the recommended service may not read /etc/shadow', async () => {
    const group = 4400;
    const shadow = withShadowOf(group);
    const found = await verdict('logon', { through: [...shadow, ...service] });
    expect(found).toMatchObject({ can: false, facts: { pam: { readsShadow: false } } });
    expect(found.because).toMatch(
      /^\/etc\/pam\.d\/login checks passwords with pam_unix, which needs \/etc\/shadow/,
    );
    expect(found.fix).toContain('SupplementaryGroups=shadow');
    const [refusal] = await linesOf(logsOn, { through: [...shadow, ...service] });
    expect(refusal).toMatch(/^pam_authenticate failed: PAM_AUTHINFO_UNAVAIL.*; run npx impersonate doctor$/);
    const member = service.map((part) => (part === '--clear-groups' ? `--groups=${String(group)}` : part));
    expect(await verdict('logon', { through: [...shadow, ...member] })).toMatchObject({ can: true });
    expect(await linesOf(logsOn, { through: [...shadow, ...member] })).toEqual([world.alice.id]);
  });

  test('and asks for it only where pam_unix alone decides', async () => {
    const login =
      '@include common\n-auth [success=1 default=ignore] \\\n  pam_unix.so\nauth required pam_deny.so\n';
    const sss = withPam({ login, common: 'auth sufficient pam_sss.so use_first_pass\n' });
    const found = await verdict('logon', { through: [...sss, ...service] });
    expect(found).toMatchObject({
      can: true,
      facts: { pam: { modules: ['pam_sss', 'pam_unix', 'pam_deny'] } },
    });
    const own = withPam({
      login: '# auth sufficient pam_sss.so\nauth include a\naccount required pam_sss.so\n',
      a: 'auth substack a\nauth required pam_unix.so',
    });
    const other = await verdict('logon', { through: [...own, ...service] });
    expect(other).toMatchObject({ can: false, facts: { pam: { modules: ['pam_unix'] } } });
  });

  test('PAM has no file for the service', async () => {
    const found = await verdict('logon', { through: withPam({}) });
    expect(found).toMatchObject({
      can: false,
      because: 'PAM has no file for the service login in /etc/pam.d or /usr/lib/pam.d',
    });
    expect(found.fix).toContain('options.service');
    const other = withPam({ other: 'auth required pam_unix.so\n' });
    expect(await verdict('logon', { through: other })).toMatchObject({
      can: true,
      facts: { pam: { file: '/etc/pam.d/other' } },
    });
  });

  test('there is no PAM', async () => {
    const folder = tempFolder('no-pam');
    writeFileSync(join(folder, 'libpam.so.0'), 'not a library');
    const found = await verdict('logon', { env: { LD_LIBRARY_PATH: folder } });
    expect(found.because).toContain('libpam.so.0');
    expect(found.fix).toContain('libpam0g');
  });
});

describeSwitching('npx impersonate run', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'passes %s on, and ends as the program does',
    async (signal) => {
      const source = programFile(
        `process.on('${signal}', () => process.exit(9)); console.log('ready'); setInterval(() => {}, 1000);`,
      );
      const child = spawnCommand(['run', '--user', world.alice.name, '--', process.execPath, source]);
      child.stdout?.once('data', () => child.kill(signal));
      expect(await ended(child)).toEqual({ code: 9, signal: null, stdout: 'ready\n', stderr: '' });
    },
  );

  test('ends by the signal that has ended the program', async () => {
    const args = ['run', '--user', world.alice.name, '--', 'sh', '-c', 'kill -TERM $$'];
    expect(await ended(spawnCommand(args))).toMatchObject({ code: null, signal: 'SIGTERM' });
  });

  test('does not listen for debuggers, as SIGUSR1 makes Node.js do, if that has ended the program', async () => {
    const args = ['run', '--user', world.alice.name, '--', 'sh', '-c', 'kill -USR1 $$'];
    expect(await ended(spawnCommand(args))).toMatchObject({ code: 138, signal: null, stderr: '' });
  });

  test('exits with 126 for a file that the user may not execute', async () => {
    const file = join(tempFolder('run'), 'tool');
    copyFileSync('/bin/true', file);
    execFileSync('chmod', ['700', file]);
    const { code, stderr } = await runCommand(['run', '--user', world.alice.name, '--', file]);
    expect([code, stderr]).toEqual([126, expect.stringContaining('EACCES')]);
  });

  test('needs the right to act as the user', async () => {
    const { code, stderr } = await runCommand(['run', '--user', world.alice.name, '--', 'id'], {
      through: asService([]),
    });
    expect([code, stderr.trim()]).toEqual([
      1,
      expect.stringMatching(/^impersonate: EPERM: .*; run npx impersonate doctor$/),
    ]);
  });
});

describeSwitching('colours', () => {
  const hasScript = existsSync('/usr/bin/script');
  (hasScript ? test : test.skip)('are for terminals, unless NO_COLOR is set', () => {
    const command = `${process.execPath} ${commandFile} doctor`;
    const onTerminal = (env: NodeJS.ProcessEnv): string =>
      execFileSync('/usr/bin/script', ['-qec', command, '/dev/null'], {
        env: { ...process.env, NO_COLOR: undefined, TERM: 'xterm', ...env },
        encoding: 'utf8',
      });
    expect(onTerminal({})).toContain('\u001b[32myes\u001b[39m');
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect(onTerminal(env)).toMatch(/^yes {2}scopes/m);
      expect(onTerminal(env)).not.toContain('\u001b');
    }
  });
});

test('a wrong password is no fault of the process that may check it', async () => {
  const source = `print(await Token.logon({ user: 'root', password: 'wrong', service: 'impersonate' }).catch((error) => error.message));`;
  const { stdout } = await runSource(source);
  expect(stdout).not.toContain('npx impersonate');
});
