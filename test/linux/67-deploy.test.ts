import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { serviceIds } from '../support/linux/environment';
import { setPrivs } from '../support/network/peers';
import { product, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const deploy = join(root, 'examples', 'deploy');
const textOf = (name: string): string => readFileSync(join(deploy, name), 'utf8');

/** The settings of the unit, by name. */
const unit = new Map(
  [...textOf('systemd/portal.service').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]),
);
const listOf = (name: string): string[] => (unit.get(name) ?? '').split(' ');
const forSetpriv = (names: readonly string[]): string =>
  names.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`).join();

/** Drops what is left over, acts as a user, and starts a program. */
const service = `const { dropPrivileges } = require(${JSON.stringify(product)});
  print([...dropPrivileges({ keep: ['scopes', 'peers', 'processes'] })].sort().join());
  const alice = await world.alice.token();
  print(String(alice.runSync(() => world.whoAmI()) === world.alice.id) + ' ' + world.whoAmI());
  print(alice.execFileSync('id', ['-u'], { encoding: 'utf8' }).trim());
  print(/^CapBnd:\\s+(\\S+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);`;
const worked = [
  'CAP_SETGID,CAP_SETUID',
  `true ${String(serviceIds.uid)}`,
  world.alice.id,
  '00000000000000c0',
];
/** The privileges that systemd gives to the service of the unit. */
const asUnit = (): string[] => {
  const ambient = forSetpriv(listOf('AmbientCapabilities'));
  const bounding = `--bounding-set=-all,${forSetpriv(listOf('CapabilityBoundingSet'))}`;
  expect(unit.get('NoNewPrivileges')).toBe('yes');
  return [
    'setpriv',
    ...ids,
    `--inh-caps=${ambient}`,
    `--ambient-caps=${ambient}`,
    bounding,
    '--no-new-privs',
  ];
};
const asPod = (): string[] => {
  const [, added = ''] = /add: \[(.*)\]/.exec(textOf('container/kubernetes.yaml')) ?? [];
  return ['setpriv', ...ids, `--bounding-set=-all,${forSetpriv(added.split(', '))}`];
};

/** Makes a copy of node with the capabilities of the image's. */
function nodeOfImage(): string {
  const [, capabilities = ''] = /setcap (\S+) /.exec(textOf('container/Dockerfile')) ?? [];
  const node = join(tempFolder('deploy'), 'node');
  copyFileSync(process.execPath, node);
  chmodSync(join(node, '..'), 0o755);
  const set = spawnSync('setcap', [capabilities, node], { encoding: 'utf8' });
  expect(set).toMatchObject({ status: 0, stderr: '' });
  return node;
}

/** A folder with a file of each user that only the user may read, and one of the service. */
function folderOfUsers(ids: Record<string, number> = { alice: world.alice.uid, bob: world.bob.uid }): string {
  const folder = tempFolder('portal');
  chmodSync(folder, 0o755);
  for (const [name, uid] of Object.entries({ ...ids, service: serviceIds.uid })) {
    writeFileSync(join(folder, name), `of ${name}`, { mode: 0o600 });
    chownSync(join(folder, name), uid, uid);
  }
  return folder;
}

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** Starts a server of the examples and resolves to its lines until it listens. */
async function started(
  folder: string,
  command: readonly string[],
  env: Record<string, string>,
): Promise<string[]> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: join(deploy, folder),
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (line.startsWith('listening ')) return lines;
  }
  throw new Error(`the server has ended: ${lines.join()}`);
}

/** Returns the response of curl, which runs as the given user: the body and the status. */
function curl(through: readonly string[], ...args: string[]): string {
  const [file = '', ...rest] = [...through, 'curl', '-s', '--noproxy', '*', '-w', '%{http_code}', ...args];
  return execFileSync(file, rest, { encoding: 'utf8' });
}

const ids = [`--reuid=${String(serviceIds.uid)}`, `--regid=${String(serviceIds.gid)}`, '--clear-groups'];

describeSwitching('the deployment examples', () => {
  test("a service with the systemd unit's capabilities can do what it needs", async () => {
    const [variable = '', value = ''] = (unit.get('Environment') ?? '').split('=');
    const lines = await linesOf(service, { through: asUnit(), env: { [variable]: value } });
    expect(lines).toEqual(worked);
  });

  test('a container with file capabilities and the bounding set of the pod can, too', async () => {
    const lines = await linesOf(service, { through: asPod(), execPath: nodeOfImage() });
    expect(lines).toEqual(worked);
  });

  test("the server of the unit gives each local user the user's own files", async () => {
    const folder = folderOfUsers();
    const runtime = join(tempFolder('run'), String(unit.get('RuntimeDirectory')));
    mkdirSync(runtime);
    chownSync(runtime, serviceIds.uid, serviceIds.gid);
    chmodSync(join(runtime, '..'), 0o755);
    const [, ...args] = listOf('ExecStart');
    const here = args.map((arg) =>
      arg.replace(/^\/run\/portal(?=\/)/, runtime).replace(/^\/srv\/portal$/, folder),
    );
    const address = here.at(-2) ?? '';
    const [variable = '', value = ''] = (unit.get('Environment') ?? '').split('=');
    expect(await started('systemd', [...asUnit(), process.execPath, ...here], { [variable]: value })).toEqual(
      ['kept: CAP_SETGID CAP_SETUID', `listening at ${address}`],
    );
    for (const who of [world.alice, world.bob]) {
      const other = who === world.alice ? 'bob' : 'alice';
      const get = (name: string): string =>
        curl(setPrivs(who), '--unix-socket', address, `http://portal/${name}`);
      expect([get(''), get(who.key), get(other), get('service'), get('none'), get('%2e%2e')]).toEqual([
        `You are ${who.name}\n200`,
        `of ${who.key}200`,
        'EACCES\n403',
        'EACCES\n403',
        'ENOENT\n404',
        `You are ${who.name}\n200`,
      ]);
    }
  });

  test('the server of the image gives each user of a token the files of its ids', async () => {
    const [alice, bob] = [20_001, 20_002];
    const folder = folderOfUsers({ alice, bob });
    const keys = tempFolder('keys');
    chmodSync(keys, 0o755);
    const [secret, open] = [join(keys, 'key.pem'), join(keys, 'public.pem')];
    execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', secret]);
    execFileSync('openssl', ['pkey', '-in', secret, '-pubout', '-out', open]);
    chmodSync(open, 0o644);
    const [, ...args] = JSON.parse(/^CMD (.*)$/m.exec(textOf('container/Dockerfile'))?.[1] ?? '') as string[];
    const here = args.map(
      (arg) => ({ 8080: '0', '/run/secrets/public.pem': open, '/srv/portal': folder })[arg] ?? arg,
    );
    const command = [...asPod(), nodeOfImage(), ...here];
    const lines = await started('container', command, { IMPERSONATE_RESERVED_UID: '65532' });
    expect(lines).toEqual(['kept: CAP_SETGID CAP_SETUID', expect.stringMatching(/^listening on \d+$/)]);
    const port = lines.at(-1)?.slice('listening on '.length) ?? '';
    const sign = (uid: number): string =>
      execFileSync(process.execPath, [join(deploy, 'container', 'sign.mjs'), secret, String(uid)], {
        encoding: 'utf8',
      }).trim();
    const get = (token: string, name: string): string =>
      curl([], '-H', `authorization: Bearer ${token}`, `http://127.0.0.1:${port}/${name}`);
    const [header, content, signature] = sign(alice).split('.');
    const forged = Buffer.from(JSON.stringify({ uid: bob, gid: bob, exp: 1e12 })).toString('base64url');
    expect([
      get(sign(alice), ''),
      get(sign(alice), 'alice'),
      get(sign(alice), 'bob'),
      get(sign(bob), 'bob'),
      get(sign(bob), 'service'),
      get(sign(0), ''),
      get(sign(serviceIds.uid), ''),
      get(`${String(header)}.${forged}.${String(signature)}`, 'bob'),
      get(`${String(header)}.${String(content)}.`, 'alice'),
    ]).toEqual([
      `You are ${String(alice)}\n200`,
      'of alice200',
      'EACCES\n403',
      'of bob200',
      'EACCES\n403',
      ...Array<string>(4).fill('401'),
    ]);
  });

  test('the Dockerfile and the pod have the same account, which is not root', () => {
    const [, user] = /^USER (\d+:\d+)$/m.exec(textOf('container/Dockerfile')) ?? [];
    const pod = textOf('container/kubernetes.yaml');
    const [, uid] = /runAsUser: (\d+)/.exec(pod) ?? [];
    const [, gid] = /runAsGroup: (\d+)/.exec(pod) ?? [];
    expect(user).toBe(`${String(uid)}:${String(gid)}`);
    expect(Number(uid)).toBeGreaterThan(0);
    expect(textOf('container/Dockerfile')).toContain(`--uid ${String(uid)} `);
  });

  test('each instruction of the Dockerfile is one', () => {
    const known = /^(?:FROM|RUN|WORKDIR|COPY|ENV|USER|CMD) \S/;
    const instructions = textOf('container/Dockerfile')
      .replaceAll('\\\n', '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(instructions.filter((line) => !known.test(line))).toEqual([]);
    const command = instructions.find((line) => line.startsWith('CMD '))?.slice(4) ?? '';
    expect(JSON.parse(command)).toContain('impersonate/register');
    for (const line of instructions.filter((text) => text.startsWith('RUN '))) {
      execFileSync('sh', ['-n', '-c', line.slice(4)]);
    }
  });

  const hasAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0;
  const units = [
    join(deploy, 'systemd', 'portal.service'),
    join(root, 'examples', 'electron', 'helper', 'example-app-helper.service'),
  ];
  const withAnalyze = hasAnalyze ? test.each(units) : test.skip.each(units);

  withAnalyze('systemd knows every setting of %s', (file) => {
    const copy = join(tempFolder('unit'), 'portal.service');
    // The program and the folder of the example are not here.
    const here = readFileSync(file, 'utf8')
      .replace('/usr/bin/node', process.execPath)
      .replace(/^(WorkingDirectory=).*$/m, '$1/');
    writeFileSync(copy, here);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', copy], {
      encoding: 'utf8',
    });
    expect(stderr.split('\n').filter((line) => line.includes('portal.service'))).toEqual([]);
    expect(status).toBe(0);
  });

  withAnalyze('the system call filter of %s admits those of V8 and of the package', (file) => {
    const sets = new Map<string, string[]>();
    let calls: string[] = [];
    for (const line of execFileSync('systemd-analyze', ['syscall-filter'], { encoding: 'utf8' }).split(
      '\n',
    )) {
      if (line.startsWith('@')) sets.set(line.trim(), (calls = []));
      else if (/^ +[@\w]/.test(line)) calls.push(line.trim());
    }
    const callsOf = (name: string): string[] => sets.get(name)?.flatMap(callsOf) ?? [name];
    const [, filter = ''] = /^SystemCallFilter=(.*)$/m.exec(readFileSync(file, 'utf8')) ?? [];
    const admitted = filter.split(' ').flatMap(callsOf);
    // The first three are V8's, for the memory of its code on x64.
    const needed = [
      'pkey_alloc',
      'pkey_mprotect',
      'pkey_free',
      'setresuid',
      'setresgid',
      'setgroups',
      'setfsuid',
    ].concat([
      'capget',
      'capset',
      'prctl',
      'faccessat2',
      'close_range',
      'pidfd_send_signal',
      'waitid',
      'prlimit64',
      'openat2',
      'keyctl',
      'memfd_create',
      'setsid',
      'tgkill',
    ]);
    expect(needed.filter((call) => !admitted.includes(call))).toEqual([]);
  });
});
