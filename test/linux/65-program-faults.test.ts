import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, runSource } from '../support/children/child';
import { tempFolder } from '../support/folders';
import { asService } from '../support/linux/environment';
import { programs } from '../support/linux/programs';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const { alice } = world;
const folder = tempFolder('program-faults');
chmodSync(folder, 0o755);
let markers = 0;

/** A new folder in which a program of alice can leave a file. */
function newMarker(): string {
  const own = join(folder, String(markers++));
  mkdirSync(own);
  chmodSync(own, 0o777);
  return join(own, 'ran');
}

const open = `${programs}
  const { probe } = require(${JSON.stringify(require.resolve('../support/linux/probe'))});
  run(alice, 'true');
  const before = descriptors();`;
// Other threads of node may have files open for a moment.
const left = `for (let i = 0; i < 1000 && descriptors() !== before; i++) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  print([children().length, descriptors() - before].join());`;

/** The lines that the source prints with a system call failing, on which node's own event loop and end may depend. */
async function linesWithFault(source: string, through: readonly string[] = []): Promise<string[]> {
  const result = await runSource(`${source}\nprocess.kill(process.pid, 'SIGKILL');`, { through });
  expect([result.signal, result.stderr]).toEqual(['SIGKILL', '']);
  return result.stdout.split('\n').filter(Boolean);
}

const service = asService(['setuid', 'setgid']);
const [EPERM, EAGAIN, ENOSPC, EMFILE, EINVAL, ENOSYS, EDQUOT] = [1, 11, 28, 24, 22, 38, 122] as const;

describeSwitching('no program is started', () => {
  const faults: [string, number, string, string[]?][] = [
    ['clone', EAGAIN, '-11'],
    ['clone', EPERM, 'EPERM clone'],
    ['pipe2', EMFILE, '-24'],
    ['socketpair', EMFILE, '-24'],
    ['close_range', ENOSYS, 'ENOSYS close_range'],
    ['close_range', EPERM, 'EPERM close_range'],
    ['pidfd_send_signal', ENOSYS, 'ENOSYS pidfd_send_signal'],
    ['pidfd_send_signal', EPERM, 'EPERM pidfd_send_signal'],
    ['waitid', EPERM, 'EPERM waitid'],
    ['rt_sigprocmask', EPERM, 'EPERM sigprocmask'],
    ['rt_sigaction', EPERM, 'EPERM sigaction'],
    ['setsid', EPERM, 'EPERM setsid'],
    ['setsid', 0, 'EPERM setsid'],
    ['fcntl', EINVAL, '-22'],
    ['dup3', EPERM, '-1'],
    ['prlimit64', EPERM, 'EPERM setrlimit'],
    ['setgroups', EPERM, 'EPERM setgroups'],
    ['setgroups', 0, 'ERR_IMPERSONATION_DOWNGRADED getresuid'],
    ['setresgid', EPERM, 'EPERM setresgid'],
    ['setresgid', 0, 'ERR_IMPERSONATION_DOWNGRADED getresuid'],
    ['setresuid', EPERM, 'EPERM setresuid'],
    ['setresuid', EAGAIN, 'EAGAIN setresuid'],
    ['setresuid', 0, 'ERR_IMPERSONATION_DOWNGRADED getresuid'],
    ['prctl', EPERM, 'EPERM prctl'],
    ['capset', EPERM, 'EPERM capset'],
    ['capset', EPERM, 'EPERM capset', service],
    ['capset', 0, 'ERR_IMPERSONATION_DOWNGRADED getresuid', service],
    ['capget', EPERM, 'EPERM capget'],
    ['keyctl', EDQUOT, 'E122 keyctl'],
    ['getresuid', EPERM, 'EPERM getresuid'],
    ['getresgid', EPERM, 'EPERM getresgid'],
    ['getgroups', EPERM, 'EPERM getgroups'],
    ['chdir', EPERM, '-1'],
    ['execve', EAGAIN, '-11'],
  ];
  test.each(faults)('when %s returns errno %d: %s', async (call, errno, expected, through = []) => {
    const marker = newMarker();
    const lines = await linesWithFault(
      `${open}
      probe().failSyscall('${call}', ${String(errno)});
      const options = { limits: [[4, 0, 0]] };
      // For which the loop of runProgram needs pipes of its own.
      if ('${call}' !== 'pipe2') print(outcome(() => run(alice, 'touch', [${JSON.stringify(marker)}], options)));
      print(outcome(() => start(alice, 'touch', [${JSON.stringify(marker)}], { ...options, stdio: ['pipe', 'pipe', null] })));
      ${left}`,
      through,
    );
    expect(lines).toEqual([...(call === 'pipe2' ? [] : [expected]), expected, '0,0']);
    expect(existsSync(marker)).toBe(false);
  });

  // Only the calls by which the process tries to take its old identity back.
  test.each(['setresuid', 'setresgid', 'setgroups'])(
    'when %s seems to give the old identity back',
    async (call) => {
      const marker = newMarker();
      const lines = await linesWithFault(`${open}
        probe().failSyscall('${call}', 0, 0);
        print(outcome(() => run(alice, 'touch', [${JSON.stringify(marker)}])));
        ${left}`);
      expect(lines).toEqual(['ERR_IMPERSONATION_DOWNGRADED setresuid', '0,0']);
      expect(existsSync(marker)).toBe(false);
    },
  );

  // The process exists when these calls are made, and is ended.
  test.each([
    ['epoll_ctl', ENOSPC, 'E28 epoll_ctl'],
    ['poll', EINVAL, '-22'],
  ])('for long when %s returns errno %d: %s', async (call, errno, expected) => {
    const lines = await linesWithFault(`${open}
      probe().failSyscall('${call}', ${String(errno)});
      print(outcome(() => start(alice, 'sleep', ['600'], { stdio: [null, 'pipe', null] })));
      while (children().length > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      ${left}`);
    expect(lines).toEqual([expected, '0,0']);
  });

  test.each([
    ['pidfd_open', ENOSYS],
    ['keyctl', EPERM],
    ['keyctl', ENOSYS],
  ])('is not so when %s returns errno %d', async (call, errno) => {
    const lines = await linesOf(`${open}
      probe().failSyscall('${call}', ${String(errno)});
      print(outputOf(alice, 'id', ['-u']));
      ${left}`);
    expect(lines).toEqual([alice.id, '0,0']);
  });
});

/**
 * Source: `attack(script)` starts a shell of alice that runs the script when a program of hers is held just before its
 * execution, with its id as $victim, and resolves to the output when the shell has ended.
 */
const held = `${open}
  const { spawn } = require('node:child_process');
  const { text } = require('node:stream/consumers');
  const attack = (script) => {
    const search = 'while :; do for victim in $(cat /proc/' + process.pid + '/task/*/children); do ' +
      '[ "$victim" != $$ ] && grep -q "^Uid:.${alice.id}.${alice.id}.${alice.id}.${alice.id}$" /proc/$victim/status && break 2; done; done; ' +
      'while ! grep -q "^SigBlk:.0*$" /proc/$victim/status; do :; done; ';
    const shell = spawn('/bin/sh', ['-c', search + script], { uid: ${alice.id}, gid: ${String(alice.gid)}, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
    return text(shell.stdout);
  };
  const ended = (signal) => { const { pid, ...rest } = run(alice, 'true', [], { stdio: [null, null, null], output: [false, false, false] }); return JSON.stringify(rest); };`;

describeSwitching('a user who finds the process before it has executed the program', () => {
  test('cannot open what it shares with the service', async () => {
    const tries =
      'for one in $victim $$; do ' +
      'for file in mem maps environ auxv syscall stack io fd/0 root cwd exe pagemap; do (head -c 1 /proc/$one/$file > /dev/null) 2> /dev/null && echo "$file"; done; ' +
      'for file in mem oom_score_adj coredump_filter clear_refs comm; do (exec 3> /proc/$one/$file) 2> /dev/null && echo "$file"; done; echo ---; done; kill -9 $victim';
    const lines = await linesOf(`${held}
      const attacked = attack(${JSON.stringify(tries)});
      await sleep(50);
      probe().holdSyscall('execve');
      print(ended());
      const [victims, own] = (await attacked).split('---');
      print([victims.trim(), own.includes('mem'), own.includes('environ'), own.includes('oom_score_adj')].join(' '));`);
    expect(lines).toEqual([
      JSON.stringify({ status: null, signal: 9, output: [null, null, null], error: 0 }),
      ' true true true',
    ]);
  });

  test.each([
    ['stops it gets it ended at once', 'STOP', '-125'],
    ['ends it ends it alone', 'TERM', '15'],
    ['lets it dump its memory ends it alone', 'QUIT', '3'],
    ['lets it fail ends it alone', 'SEGV', '11'],
  ])('and %s', async (_what, signal, expected) => {
    const lines = await linesOf(`${held}
      const attacked = attack('kill -${signal} $victim');
      await sleep(50);
      probe().holdSyscall('execve');
      const result = run(alice, 'true');
      print(String(typeof result === 'number' ? result : result.signal));
      await attacked;
      await settled(() => children().length === 0);`);
    expect(lines).toEqual([expected]);
  });

  test('cannot make the service wait for ever', async () => {
    const lines = await linesOf(`${open}
      probe().holdSyscall('execve');
      print(outcome(() => run(alice, 'true')));
      await settled(() => children().length === 0);`);
    expect(lines).toEqual(['-110']);
  });
});

describeSwitching('a process with too many files open', () => {
  const before = "token.run(() => spawnSync('true'));";
  test.each([
    [0, 'the first program', ''],
    [6, 'the first program', ''],
    [0, 'a later one', before],
    [3, 'a later one', before],
    [6, 'a later one', before],
  ])(
    'reports it by an event and a result, as node does, with %i descriptors left for %s',
    async (count, _which, first) => {
      const lines = await linesOf(
        `const { openSync, closeSync, readdirSync } = require('node:fs');
      const { spawn, spawnSync } = require('node:child_process');
      const token = await world.alice.token();
      const start = () => {
        const child = spawn('true');
        child.on('error', ({ code, syscall }) => print([code, syscall, child.stdio].join()));
        return spawnSync('true');
      };
      const used = () => readdirSync('/proc/self/fd').length;
      ${first}
      const before = used(), open = [];
      try { for (;;) open.push(openSync('/dev/null')); } catch (error) { print(error.code); }
      for (let i = 0; i < ${String(count)}; i++) closeSync(open.pop());
      print(token.run(start).error.code);
      setImmediate(() => {
        for (const fd of open) closeSync(fd);
        print(String(used() - before));
      });`,
        { through: ['prlimit', '--nofile=100:100'] },
      );
      // A loop of libuv that cannot be made loses a descriptor of its own in Node 20, also without this package.
      const lost = count === 3 && process.version.startsWith('v20.') ? '1' : '0';
      expect(lines).toEqual(['EMFILE', 'EMFILE', 'EMFILE,spawn true,', lost]);
    },
  );
});
