import { spawnSync } from 'node:child_process';
import { getPriority } from 'node:os';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { asService, serviceIds } from '../support/linux/environment';
import { programs } from '../support/linux/programs';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const { alice, bob } = world;
const probe = `const { probe } = require(${JSON.stringify(require.resolve('../support/linux/probe'))});`;
const node = JSON.stringify(process.execPath);
const ascending = (groups: readonly number[]): number[] => [...groups].sort((a, b) => a - b);

const folder = tempFolder('programs');
chmodSync(folder, 0o755);
function program(name: string, text: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const services: [string, string[], string][] = [
  ['root', [], ''],
  ['a service account', asService(['setuid', 'setgid', 'dac_override']), ''],
  ['root that has dropped its effective uid', [], `process.seteuid(${String(serviceIds.uid)});`],
];

describeSwitching('a program that is started for a user', () => {
  test.each(services)('by %s has the identity of the user alone', async (_who, through, before) => {
    const lines = await linesOf(
      `${programs} ${before}
      const status = (token) => {
        const text = outputOf(token, 'cat', ['/proc/self/status']);
        const field = (name) => new RegExp('^' + name + ':[ \\\\t]*(.*)$', 'm').exec(text)[1].trim().split(/\\s+/).join();
        for (const names of [['Uid'], ['Gid'], ['Groups'], ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'], ['NoNewPrivs'], ['SigBlk', 'SigIgn', 'SigCgt', 'ShdPnd']]) print(names.map(field).join());
      };
      status(alice);
      status(bob);
      print(String(world.whoAmI() === world.serviceId || world.whoAmI()));`,
      { through },
    );
    const zeros = (count: number): string => Array.from({ length: count }, () => '0'.repeat(16)).join();
    const expected = (who: typeof alice): string[] => [
      Array.from({ length: 4 }, () => who.uid).join(),
      Array.from({ length: 4 }, () => who.gid).join(),
      ascending(who.groups).join(),
      zeros(4),
      '0',
      zeros(4),
    ];
    const last = before === '' ? 'true' : String(serviceIds.uid);
    expect(lines).toEqual([...expected(alice), ...expected(bob), last]);
  });

  test.each(services)('by %s cannot take the old identity back', async (_who, through, before) => {
    const source = `const ids = [0, ${String(serviceIds.uid)}];
      const tries = ids.flatMap((id) => [() => process.setuid(id), () => process.seteuid(id), () => process.setgid(id), () => process.setegid(id), () => process.setgroups([id])]);
      console.log(tries.map((regain) => { try { regain(); return 'regained'; } catch (error) { return error.code; } }).join());`;
    const lines = await linesOf(
      `${programs} ${before} print(outputOf(alice, ${node}, ['-e', ${JSON.stringify(source)}]));`,
      { through },
    );
    expect(lines).toEqual([Array.from({ length: 10 }, () => 'EPERM').join()]);
  });

  test('has the descriptors that it was given, and no others', async () => {
    const lines = await linesOf(`${programs} ${probe}
      const file = fs.openSync(${JSON.stringify(program('text', 'text\n'))});
      const open = [fs.openSync('/etc/passwd'), fs.openSync('/'), fs.openSync('/etc/group')];
      // Not closed by the execution alone.
      print(open.map((fd) => probe().inheritDescriptor(fd)).join());
      const list = 'for fd in /proc/$$/fd/*; do echo "\${fd##*/}=$(readlink $fd)"; done | sed "s/[0-9]*\\\\]//;/^10=/d; /=$/d" | tr "\\\\n" " "';
      print(shell(alice, list));
      print(shell(alice, list, { stdio: [file, 'pipe', file, null, file, 'pipe'] }));
      // Each of these is overwritten before it is used, unless all are moved first.
      print(shell(alice, 'cat <&3; cat <&4; readlink /proc/$$/fd/3 /proc/$$/fd/4', { stdio: [null, 'pipe', 2, open[0] === 4 ? 4 : open[2], file] }).split('\\n').slice(-2).join());
      const before = descriptors();
      for (let i = 0; i < 5; i++) run(alice, 'true', [], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
      print(String(descriptors() - before));`);
    const text = join(folder, 'text');
    expect(lines).toEqual([
      '0,0,0',
      '0=/dev/null 1=socket:[ 2=socket:[',
      `0=${text} 1=socket:[ 2=${text} 4=${text} 5=socket:[`,
      expect.stringMatching(new RegExp(`^/etc/(passwd|group),${text}$`)),
      '0',
    ]);
  });

  test('has descriptors that exchange places', async () => {
    const lines = await linesOf(`${programs}
      const [passwd, group] = [fs.openSync('/etc/passwd'), fs.openSync('/etc/group')];
      const stdio = [null, 'pipe', 2];
      const highest = Math.max(passwd, group);
      for (let fd = 3; fd <= highest; fd++) stdio.push(fd === passwd ? group : fd === group ? passwd : null);
      print(shell(alice, 'readlink /proc/$$/fd/' + passwd + ' /proc/$$/fd/' + group + '; ls /proc/$$/fd | wc -l', { stdio }).split('\\n').join());`);
    expect(lines).toEqual(['/etc/group,/etc/passwd,5']);
  });

  test('gets blocking standard descriptors, whatever the process has made of them', async () => {
    const lines = await linesOf(`${programs}
      const flags = () => Number.parseInt(/flags:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/fdinfo/' + fd, 'utf8'))[1], 8) & 0o4000;
      const fd = fs.openSync('/dev/null', fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      const before = flags();
      run(alice, 'true', [], { stdio: [fd, null, null] });
      print([before, flags()].join());`);
    expect(lines).toEqual([`${String(0o4000)},0`]);
  });

  test('is in a session of its own, without the terminal and the group of the service', async () => {
    const lines = await linesOf(`${programs}
      const own = statOf(process.pid);
      for (const detached of [false, true]) {
        const { pid, id, ended } = start(alice, 'sleep', ['60'], { detached });
        const [, , group, session, terminal] = statOf(pid);
        print([group === String(pid), session === String(pid), session !== own[3], terminal].join());
        native.killProgram(id, 9);
        print(await ended);
      }`);
    expect(lines).toEqual(['true,true,true,0', '0,9', 'true,true,true,0', '0,9']);
  });

  test('has none of the environment of the service, and no keys of its session', async () => {
    const lines = await linesOf(
      `${programs}
      print(outputOf(alice, 'env', [], { env: ['PATH=/usr/bin:/bin', 'A=', 'B=c=d'] }).split('\\n').join());
      print(outputOf(alice, '/usr/bin/env', [], { env: [] }));
      const keys = fs.existsSync('/proc/keys') ? shell(alice, 'grep -c " _ses: " /proc/keys') : '1';
      print(keys);`,
      { env: { SECRET: 'of the service' } },
    );
    expect(lines).toEqual(['PATH=/usr/bin:/bin,A=,B=c=d', '1']);
  });

  test('has no better priority than the default one', async () => {
    const script = 'cut -d " " -f 19,41 /proc/$$/stat';
    const source = `${programs} print(shell(alice, ${JSON.stringify(script)}));`;
    // The test itself may run at a lower one.
    const own = getPriority();
    expect(await linesOf(source, { through: ['nice', '-n', String(-5 - own)] })).toEqual(['0 0']);
    expect(await linesOf(source, { through: ['nice', '-n', '5'] })).toEqual([`${Math.min(own + 5, 19)} 0`]);
    const realTime = ['chrt', '--fifo', '1'];
    const allowed = spawnSync('chrt', ['--fifo', '1', 'true']).status === 0;
    if (allowed) expect(await linesOf(source, { through: realTime })).toEqual(['0 0']);
  });

  test('has the limits of its options', async () => {
    const lines = await linesOf(`${programs}
      const [fsize, core, nofile] = [1, 4, 7];
      print(shell(alice, 'ulimit -c; ulimit -n; ulimit -H -n; ulimit -f', { limits: [[core, 0, 0], [nofile, 20, 30], [fsize, -1, -1]] }).split('\\n').join());
      print(outcome(() => run(alice, 'true', [], { limits: [[nofile, 30, 20]] })));
      print(outcome(() => run(alice, 'true', [], { limits: [[4711, 1, 1]] })));`);
    expect(lines).toEqual(['0,20,30,unlimited', 'EINVAL setrlimit', 'EINVAL setrlimit']);
  });

  test('works in a folder that the user may enter, also in that of the process', async () => {
    const lines = await linesOf(`${programs}
      const secret = ${JSON.stringify(tempFolder('programs-secret'))};
      fs.chmodSync(secret, 0o700);
      fs.mkdirSync(secret + '/open', { mode: 0o777 });
      process.chdir('/usr');
      print(shell(alice, 'pwd', { cwd: undefined }) + ' ' + shell(alice, 'pwd', { cwd: 'lib/..' }) + ' ' + shell(alice, 'pwd', { cwd: '/' }));
      // The user could read there, but not come there.
      process.chdir(secret + '/open');
      print(outcome(() => run(alice, 'true', [], { cwd: undefined })) + ' ' + outcome(() => run(alice, 'true', [], { cwd: '.' })));`);
    expect(lines).toEqual(['/usr /usr /', 'EACCES chdir -13']);
  });
});

describeSwitching('a restricted token', () => {
  test('starts programs without what was removed, which they cannot get back', async () => {
    const lines = await linesOf(`${programs}
      const status = (token, options) => shell(token, "grep -E '^(Groups|NoNewPrivs|CapEff|CapPrm|CapInh)' /proc/self/status | cut -f 2 | tr -s '[:space:]' ' '", options);
      const without = (token, ...names) => native.restrictToken(token, { denyOnly: [], removePrivileges: names, dropAllGroups: false, dropGroups: [], restrictingSids: [], flags: [], integrity: '' });
      const noGroups = native.restrictToken(alice, { denyOnly: [], removePrivileges: [], dropAllGroups: true, dropGroups: [], restrictingSids: [], flags: [], integrity: '' });
      print(status(noGroups));
      print(status(noGroups, { noNewPrivileges: false }).at(-1));
      print(status(alice).at(-1) + status(alice, { noNewPrivileges: true }).at(-1) + status(without(alice, 'CAP_KILL')).at(-1));
      const root = await native.tokenForUser('root', 0);
      const all = BigInt('0x' + status(root).split(' ').at(-2));
      const less = status(without(root, 'CAP_SYS_PTRACE', 'CAP_KILL'), { noNewPrivileges: false }).split(' ').slice(-4);
      print(status(root).at(-1) + ' ' + less.map((set, i) => (i < 3 ? (BigInt('0x' + set) ^ all).toString(16) : set)).join());`);
    const removed = ((1n << 19n) | (1n << 5n)).toString(16);
    const none = '0000000000000000';
    expect(lines).toEqual([
      `${none} ${none} ${none} 1`,
      '0',
      '011',
      expect.stringMatching(new RegExp(`^0 [0-9a-f]+,${removed},${removed},1$`)),
    ]);
  });
});

describeSwitching('a program that cannot be started', () => {
  const none = "process.stdout.write('')";
  test('is an error of libuv, or one of this package, and leaves no process or descriptor', async () => {
    program('data', 'data', 0o644);
    program('no-interpreter', `#!/no/such/interpreter\n${none}`);
    program('plain', 'echo ran');
    program('root-only', '#!/bin/sh\necho ran', 0o700);
    const lines = await linesOf(`${programs}
      const [data, missing, plainText, rootOnly] = ${JSON.stringify(['data', 'no-interpreter', 'plain', 'root-only'].map((name) => join(folder, name)))};
      const folder = ${JSON.stringify(folder)};
      const huge = 'x'.repeat(200_000);
      const closed = await native.tokenForUser('imp-alice', 0);
      native.closeToken(closed);
      const identification = native.duplicateToken(alice, 1);
      run(alice, 'true');
      const before = descriptors();
      const path = (...folders) => ({ env: ['PATH=' + folders.join(':')] });
      const cases = {
        nowhere: () => run(alice, 'no-such-program'),
        path: () => run(alice, '/no/such/program'),
        empty: () => run(alice, ''),
        data: () => run(alice, data),
        folder: () => run(alice, folder),
        'below a file': () => run(alice, data + '/program'),
        'no interpreter': () => run(alice, missing),
        'not a program': () => run(alice, plainText),
        "root's": () => run(alice, rootOnly),
        'denied in PATH': () => run(alice, 'root-only', [], path(folder, '/usr/bin')),
        'found later in PATH': () => run(alice, 'true', [], path('/nowhere', data, folder, '/usr/bin', '/bin')).status,
        'no PATH': () => run(alice, 'true', [], { env: [] }).status,
        'long name': () => run(alice, 'x'.repeat(300)),
        'long argument': () => run(alice, 'true', [huge]),
        'no cwd': () => run(alice, 'true', [], { cwd: '/no/such/folder' }),
        'cwd a file': () => run(alice, 'true', [], { cwd: data }),
        'cwd denied': () => run(alice, 'true', [], { cwd: '/root' }),
        'no such descriptor': () => run(alice, 'true', [], { stdio: [null, null, null, 4000] }),
        'negative descriptor': () => run(alice, 'true', [], { stdio: [null, null, -1] }),
        'NUL in the path': () => run(alice, 'tr\\0ue'),
        'NUL in an argument': () => run(alice, 'true', ['a\\0b']),
        'NUL in the environment': () => run(alice, 'true', [], { env: ['A=b\\0c'] }),
        'NUL in cwd': () => run(alice, 'true', [], { cwd: '/\\0' }),
        'too many processes': () => {
          const other = start(alice, 'sleep', ['600']);
          try { return run(alice, 'true', [], { limits: [[6, 0, 0]] }); } finally { native.killProgram(other.id, 9); }
        },
        closed: () => run(closed, 'true'),
        identification: () => run(identification, 'true'),
        reserved: () => run(native.tokenForIds(65533, 65533, new Uint32Array()), 'true'),
      };
      for (const [name, work] of Object.entries(cases)) print(name + ': ' + outcome(work) + ' / ' + outcome(() => { const started = name.includes('PATH') || start(alice, '/no/such/program'); return typeof started; }));
      await settled(() => descriptors() <= before);
      print(String(descriptors() - before) + children().length);`);
    const [last = '', ...outcomes] = lines.reverse();
    expect(outcomes.reverse().map((line) => line.split(' / ')[0])).toEqual([
      'nowhere: -2',
      'path: -2',
      'empty: -2',
      'data: -13',
      'folder: -13',
      'below a file: -20',
      'no interpreter: -2',
      'not a program: -8',
      "root's: -13",
      'denied in PATH: -13',
      'found later in PATH: 0',
      'no PATH: 0',
      'long name: -36',
      'long argument: -7',
      'no cwd: -2',
      'cwd a file: -20',
      'cwd denied: -13',
      'no such descriptor: -9',
      'negative descriptor: -9',
      'NUL in the path: ERR_INVALID_ARG_VALUE',
      'NUL in an argument: ERR_INVALID_ARG_VALUE',
      'NUL in the environment: ERR_INVALID_ARG_VALUE',
      'NUL in cwd: ERR_INVALID_ARG_VALUE',
      'too many processes: -11',
      'closed: ERR_TOKEN_CLOSED',
      'identification: ERR_TOKEN_LEVEL',
      'reserved: ERR_INVALID_IDENTITY',
    ]);
    expect(last).toBe('00');
  });

  test.each([
    ['no capability', []],
    ['CAP_SETUID alone', ['setuid']],
    ['CAP_SETGID alone', ['setgid']],
  ])('by a service with %s, with the remedy', async (_name, capabilities) => {
    const lines = await linesOf(
      `${programs}
      try { print(String(run(alice, 'true'))); } catch ({ name, code, syscall, message }) { print([name, code, syscall, /lacks CAP_SET[UG]ID/.test(message)].join()); }
      print(String(children().length));`,
      { through: asService(capabilities, bob) },
    );
    const call = capabilities.includes('setgid') ? 'setresuid' : 'setgroups';
    expect(lines).toEqual([`ImpersonationError,EPERM,${call},true`, '0']);
  });

  test('is not for want of /proc', async () => {
    const hide = 'mount -t tmpfs none /proc && exec "$@"';
    const through = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', hide, 'sh'];
    // The search for leaks of a build with sanitizers needs /proc.
    const env = { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0` };
    expect(await linesOf(`${programs} print(outputOf(alice, 'id', ['-u']));`, { through, env })).toEqual([
      alice.id,
    ]);
  });
});
