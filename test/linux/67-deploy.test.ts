import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { serviceIds } from '../support/linux/environment';
import { product, root } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const deploy = join(root, 'examples', 'deploy');
const textOf = (name: string): string => readFileSync(join(deploy, name), 'utf8');

/** The settings of the unit, by name. */
const unit = new Map(
  [...textOf('portal.service').matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
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
const ids = [`--reuid=${String(serviceIds.uid)}`, `--regid=${String(serviceIds.gid)}`, '--clear-groups'];

describeSwitching('the deployment examples', () => {
  test("a service with the systemd unit's capabilities can do what it needs", async () => {
    const ambient = forSetpriv(listOf('AmbientCapabilities'));
    const bounding = `--bounding-set=-all,${forSetpriv(listOf('CapabilityBoundingSet'))}`;
    expect(unit.get('NoNewPrivileges')).toBe('yes');
    const [variable = '', value = ''] = (unit.get('Environment') ?? '').split('=');
    const lines = await linesOf(service, {
      through: [
        'setpriv',
        ...ids,
        `--inh-caps=${ambient}`,
        `--ambient-caps=${ambient}`,
        bounding,
        '--no-new-privs',
      ],
      env: { [variable]: value },
    });
    expect(lines).toEqual(worked);
  });

  test('a container with file capabilities and the bounding set of the pod can, too', async () => {
    const [, capabilities = ''] = /setcap (\S+) /.exec(textOf('Dockerfile')) ?? [];
    const [, added = ''] = /add: \[(.*)\]/.exec(textOf('kubernetes.yaml')) ?? [];
    const node = join(tempFolder('deploy'), 'node');
    copyFileSync(process.execPath, node);
    chmodSync(join(node, '..'), 0o755);
    const set = spawnSync('setcap', [capabilities, node], { encoding: 'utf8' });
    expect(set).toMatchObject({ status: 0, stderr: '' });
    const lines = await linesOf(service, {
      through: ['setpriv', ...ids, `--bounding-set=-all,${forSetpriv(added.split(', '))}`],
      execPath: node,
    });
    expect(lines).toEqual(worked);
  });

  test('the Dockerfile and the pod have the same account, which is not root', () => {
    const [, user] = /^USER (\d+:\d+)$/m.exec(textOf('Dockerfile')) ?? [];
    const pod = textOf('kubernetes.yaml');
    const [, uid] = /runAsUser: (\d+)/.exec(pod) ?? [];
    const [, gid] = /runAsGroup: (\d+)/.exec(pod) ?? [];
    expect(user).toBe(`${String(uid)}:${String(gid)}`);
    expect(Number(uid)).toBeGreaterThan(0);
    expect(textOf('Dockerfile')).toContain(`--uid ${String(uid)} `);
  });

  test('each instruction of the Dockerfile is one', () => {
    const known = /^(?:FROM|RUN|WORKDIR|COPY|ENV|USER|CMD) \S/;
    const instructions = textOf('Dockerfile')
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
  (hasAnalyze ? test : test.skip)('systemd knows every setting of the unit', () => {
    const copy = join(tempFolder('unit'), 'portal.service');
    // The program and the folder of the example are not here.
    const here = textOf('portal.service')
      .replace('/usr/bin/node', process.execPath)
      .replace('/opt/portal', '/');
    writeFileSync(copy, here);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', copy], {
      encoding: 'utf8',
    });
    expect(stderr.split('\n').filter((line) => line.includes('portal.service'))).toEqual([]);
    expect(status).toBe(0);
  });
});
