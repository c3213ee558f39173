import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf, runSource } from '../support/children/child';
import { credentials } from '../support/children/sources';
import { tempFolder } from '../support/folders';
import { asService } from '../support/linux/environment';
import { probeAddon, product } from '../support/paths';
import { describeSwitching } from '../support/world/acting';
import { world } from '../support/world/linux';

const folder = tempFolder('drop');
chmodSync(folder, 0o777);

const open = `${credentials}
  const { dropPrivileges } = require(${JSON.stringify(product)});
  const { Worker } = require('node:worker_threads');
  const { execFileSync } = require('node:child_process');
  const sets = (status) => ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((name) => BigInt('0x' + new RegExp('^Cap' + name + ':\\\\s+(\\\\S+)$', 'm').exec(status)[1])).join();
  const own = () => sets(fs.readFileSync('/proc/thread-self/status', 'utf8'));
  const everybody = () => {
    const threads = fs.readdirSync('/proc/self/task').flatMap((id) => {
      try {
        return sets(fs.readFileSync('/proc/self/task/' + id + '/status', 'utf8'));
      } catch (error) {
        if (['ENOENT', 'ESRCH'].includes(error.code)) return [];
        throw error;
      }
    });
    return [...new Set(threads)].join(' ');
  };
  const running = (source) => new Promise((resolve) => {
    const worker = new Worker('const { parentPort } = require("node:worker_threads");' + source + ';parentPort.postMessage("here"); parentPort.once("message", () => {});', { eval: true });
    worker.once('message', () => resolve(worker));
  });`;
const inWorker = (errno: number): string =>
  `await running('require(' + ${JSON.stringify(JSON.stringify(probeAddon))} + ').failSyscall("capset", ${String(errno)})');`;
const both = String((1 << 6) | (1 << 7));
const through = asService(['setuid', 'setgid', 'setpcap', 'dac_override', 'kill']);
const rootSets = ['0', both, both, both, '0'].join();
const serviceSets = [both, both, both, both, both].join();

describeSwitching('capabilities that have been dropped', () => {
  test.each<[string, readonly string[], string]>([
    ['root', [], rootSets],
    ['a service', through, serviceSets],
  ])(
    'of %s are gone from every set of every thread, program and later thread',
    async (_who, how, expected) => {
      const lines = await linesOf(
        `${open}
      const worker = await running('');
      // A thread of the pool that hangs in a call.
      const fifo = ${JSON.stringify(join(folder, 'fifo'))} + process.pid;
      execFileSync('mkfifo', [fifo]);
      const hangs = fs.promises.readFile(fifo);
      dropPrivileges({ keep: ['scopes'] });
      print(everybody());
      fs.writeFileSync(fifo, 'x');
      await hangs;
      worker.postMessage('end');
      const later = await running('');
      print(everybody());
      later.postMessage('end');
      print(sets(execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' })));
      attempt(() => dropPrivileges({ keep: [] }));
      print(everybody());`,
        { through: how },
      );
      const once = 'ImpersonationError EPERM prctl';
      expect(lines).toEqual([expected, expected, expected, once, expected]);
    },
  );

  test('can give no access to what root may open', async () => {
    const lines = await linesOf(
      `${open}
      const read = () => { try { fs.readFileSync('/etc/shadow'); return 'read'; } catch (error) { return error.code; } };
      print(read());
      dropPrivileges({ keep: ['scopes'] });
      print(read());
      print(await fs.promises.readFile('/etc/shadow').then(() => 'read', (error) => error.code));`,
      { through },
    );
    expect(lines).toEqual(['read', 'EACCES', 'EACCES']);
  });

  test.each<[string, readonly string[]]>([
    ['root', []],
    ['a service', through],
  ])('are named by the error of what needs them: %s', async (_who, how) => {
    const lines = await linesOf(
      `${open}
      dropPrivileges({ keep: ['profiles'] });
      const alice = await world.alice.token();
      const errors = [];
      try { alice.runSync(() => { print('ran'); }); } catch (error) { errors.push(error); }
      await require(${JSON.stringify(product.replace(/index\.js$/, 'fs.js'))}).readFile('/etc/hostname', { token: alice }).then(() => print('read'), (error) => errors.push(error));
      for (const { code, syscall, message } of errors) print([code, syscall, message].join(' '));`,
      { through: how },
    );
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^EPERM setgroups .*: the process lacks CAP_SETGID, which dropPrivileges\(\) has removed/,
    );
  });

  test.each<[string, readonly string[]]>([
    ['root', []],
    ['a service', through],
  ])('leave what protects a thread that acts as a user: %s', async (_who, how) => {
    const lines = await linesOf(
      `${open}
      dropPrivileges({ keep: ['scopes'] });
      const alice = await world.alice.token();
      const inside = alice.runSync(() => { const { uids, capabilities } = threadStatus(); return [uids[0], uids[1], capabilities.effective, capabilities.ambient].join(); });
      print(inside);
      print(String(fs.statSync('/proc/self/maps').uid));
      print(String(alice.runSync(() => { try { process.kill(process.ppid, 0); return 'allowed'; } catch (error) { return error.code; } })));`,
      { through: how },
    );
    expect(lines).toEqual([`65533,${String(world.alice.uid)},0,0`, '0', 'EPERM']);
  });

  test("do not prevent a later change of the process's ids", async () => {
    const lines = await linesOf(`${open}
      dropPrivileges({ keep: ['scopes'] });
      process.setgroups([]);
      process.setgid(${String(world.bob.gid)});
      process.setuid(${String(world.bob.uid)});
      print([...new Set(fs.readdirSync('/proc/self/task').map((id) => /^Uid:\\s+(.*)$/m.exec(fs.readFileSync('/proc/self/task/' + id + '/status', 'utf8'))[1]))].join());
      print(everybody());`);
    const uid = String(world.bob.uid);
    expect(lines).toEqual([[uid, uid, uid, uid].join('\t'), ['0', '0', '0', both, '0'].join()]);
  });

  test('are not needed by passwords and programs', async () => {
    const lines = await linesOf(`${open}
      dropPrivileges({ keep: ['logon', 'processes'] });
      const bob = await Token.logon({ user: world.bob.name, password: world.bob.password });
      print(String(bob.runSync(() => world.whoAmI()) === world.bob.id));
      print(bob.execFileSync('id', ['-u'], { encoding: 'utf8' }).trim());
      const program = bob.spawn('sleep', ['60']);
      await new Promise((resolve) => program.once('spawn', resolve));
      program.kill();
      print(String((await new Promise((resolve) => program.once('exit', (_code, signal) => resolve(signal))))));`);
    expect(lines).toEqual(['true', world.bob.id, 'SIGTERM']);
  });
});

describeSwitching('capabilities that cannot be dropped', () => {
  test('because of the bounding set have an error that says how', async () => {
    const lines = await linesOf(
      `${open}
      try { dropPrivileges({ keep: ['scopes'] }); } catch (error) { print(error.message); }`,
      { through: asService(['setuid', 'setgid']) },
    );
    expect(lines).toEqual([expect.stringMatching(/without CAP_SETPCAP\..*CapabilityBoundingSet=/)]);
  });

  test.each<[string, readonly string[], string, string]>([
    ['the bounding set without CAP_SETPCAP', asService(['setuid', 'setgid', 'kill']), '', 'EPERM prctl'],
    ['a capset that fails', [], `failSyscall('capset', 1);`, 'EPERM capset'],
    ['a prctl that fails', [], `failSyscall('prctl', 1, 24);`, 'EPERM prctl'],
    [
      'calls that only seem to succeed',
      [],
      `failSyscall('capset', 0); failSyscall('prctl', 0, 24);`,
      'ERR_IMPERSONATION_DOWNGRADED capset',
    ],
  ])('leave the process as it was: %s', async (_what, how, before, error) => {
    const lines = await linesOf(
      `${open}
      const { failSyscall } = probe();
      ${before}
      const was = everybody();
      attempt(() => dropPrivileges({ keep: ['scopes'] }));
      print(String(everybody() === was));`,
      { through: how },
    );
    expect(lines).toEqual([`ImpersonationError ${error}`, 'true']);
  });

  test('leave the process as it was: no /proc', async () => {
    const without = 'mount -t tmpfs none /proc && exec "$@"';
    const lines = await linesOf(
      `const { dropPrivileges } = require(${JSON.stringify(product)});
      try { dropPrivileges({ keep: [] }); } catch (error) { print(error.code + ' ' + /\\/proc is not mounted/.test(error.message)); }
      fs.chownSync(__filename, 1, 1);
      print('as before');`,
      { through: ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', without, 'sh'] },
    );
    expect(lines).toEqual(['ENOENT true', 'as before']);
  });

  test.each<[string, string]>([
    ['on the calling thread, after the first call', `probe().failSyscall('capset', 0);`],
    ['on another thread', inWorker(1)],
    ['on another thread, where it only seems to succeed', inWorker(0)],
  ])('in part abort the process: %s', async (_what, before) => {
    const { code, signal, stdout, stderr } = await runSource(`${open}
      ${before}
      process.on('exit', () => { print('exit handler'); });
      print('ready');
      attempt(() => dropPrivileges({ keep: ['scopes'] }));`);
    expect({ code, signal, stdout }).toEqual({ code: null, signal: 'SIGABRT', stdout: 'ready\n' });
    expect(stderr).toMatch(/a part of the process's capabilities has been dropped/);
  });
});
