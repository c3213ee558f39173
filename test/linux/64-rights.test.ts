import { linesOf, runSource } from '../support/children/child';
import { credentials } from '../support/children/sources';
import { asService, outputInUserNamespace, withLines } from '../support/linux/environment';
import { describeSwitching } from '../support/world/acting';
import { fileOf, world } from '../support/world/linux';

const { alice } = world;
const product = JSON.stringify(require.resolve('impersonate'));
const open = `${credentials}
  const { failSyscall, setSecurebits } = probe();
  const { ImpersonatedWorker } = require(${product});
  const alice = await world.alice.token();
  const bob = await world.bob.token();
  const sets = () => { const { capabilities } = threadStatus(); return [capabilities.effective, capabilities.inheritable, capabilities.ambient].join(); };`;
const through = asService(['setuid', 'setgid']);
const both = String((1 << 6) | (1 << 7));
const own = [both, both, both].join();

describeSwitching('the ambient capabilities of a service', () => {
  test('stay with the process, and no user has them in a scope', async () => {
    const lines = await linesOf(
      `${open}
      const before = text();
      const check = (inside) => { print(inside + ' ' + (text() === before)); };
      print(sets());
      check(alice.runSync(sets));
      check(alice.runSync(() => bob.runSync(sets)));
      check(alice.runSync(() => require(${product}).withoutToken(sets)));
      { const scope = bob.impersonate(); const inside = sets(); scope.revert(); check(inside); }
      check(Token.process().runSync(sets));
      check(Token.process().restrict({ removePrivileges: ['CAP_SETUID'] }).runSync(sets));`,
      { through },
    );
    const [none, one] = ['0,0,0', ['64', '64', '64'].join()];
    expect(lines).toEqual([own, ...[none, none, own, none, own, one].map((inside) => `${inside} true`)]);
  });

  test('pass to programs and workers of the service, and not to an ImpersonatedWorker', async () => {
    const status = JSON.stringify(require.resolve('../support/linux/thread-status'));
    const post = `const { capabilities } = require(${status}).threadStatus(); require('node:worker_threads').parentPort.postMessage([capabilities.effective, capabilities.inheritable, capabilities.ambient].join());`;
    const lines = await linesOf(
      `${open}
      const { Worker } = require('node:worker_threads');
      const posted = (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      const child = require('node:child_process').spawnSync('cat', ['/proc/self/status'], { encoding: 'utf8' }).stdout;
      print(['CapEff', 'CapInh', 'CapAmb'].map((name) => BigInt('0x' + new RegExp('^' + name + ':\\\\s+(\\\\S+)$', 'm').exec(child)[1])).join());
      print(await posted(new Worker(${JSON.stringify(post)}, { eval: true })));
      print(await posted(new ImpersonatedWorker(${JSON.stringify(post)}, { eval: true, token: alice })));
      print(sets());`,
      { through },
    );
    expect(lines).toEqual([own, own, '0,0,0', own]);
  });

  test('let cluster workers act as users, too', async () => {
    const lines = await linesOf(
      `const cluster = require('node:cluster');
      const alice = await world.alice.token();
      print(String(alice.runSync(() => world.whoAmI()) === world.alice.id));
      if (cluster.isPrimary) await new Promise((resolve) => cluster.fork().once('exit', resolve));
      else process.exit();`,
      { through },
    );
    expect(lines).toEqual(['true', 'true']);
  });

  test('that could not be restored are not dropped: entering throws', async () => {
    const lines = await linesOf(
      `${open}
      print(String(setSecurebits(1 << 6)));
      const before = text();
      attempt(() => { alice.runSync(() => { print('ran'); }); });
      attempt(() => { alice.runSync(() => { print('ran'); }); });
      print(String(text() === before));`,
      { through: asService(['setuid', 'setgid', 'setpcap']) },
    );
    const error = 'ImpersonationError EPERM prctl';
    expect(lines).toEqual(['0', error, error, 'true']);
  });

  test('of root, and its inheritable ones, are not passed to a user either', async () => {
    const lines = await linesOf(
      `${open}
      const before = text();
      print(String(threadStatus().capabilities.ambient));
      for (const work of [sets, sets, () => bob.runSync(sets), () => bob.runSync(sets)]) print(alice.runSync(work) + ' ' + (text() === before));`,
      { through: ['setpriv', '--inh-caps=+net_raw,+kill', '--ambient-caps=+net_raw'] },
    );
    expect(lines).toEqual([String(1 << 13), ...Array<string>(4).fill('0,0,0 true')]);
  });
});

describeSwitching('changes of another addon between two scopes', () => {
  test('SECBIT_NO_SETUID_FIXUP: the user still has no capability', async () => {
    const lines = await linesOf(`${open}
      alice.runSync(() => {});
      print(String(setSecurebits(1 << 2)));
      const before = text();
      for (let i = 0; i < 2; i++) print(alice.runSync(sets) + ' ' + (text() === before));
      print(alice.runSync(() => bob.runSync(sets)) + ' ' + (text() === before));
      print(String(setSecurebits(0)));
      print(alice.runSync(sets) + ' ' + (text() === before));`);
    expect(lines).toEqual(['0', '0,0,0 true', '0,0,0 true', '0,0,0 true', '0', '0,0,0 true']);
  });
});

describeSwitching('an entry during which capset fails', () => {
  test.each<[string, readonly string[], string]>([
    ['a service', through, ''],
    ['a service that has entered before', through, 'alice.runSync(() => {});'],
    ['a root with fewer capabilities in force', [], 'probe().setEffective(0xffffffff - (1 << 5));'],
    ['a root with inheritable capabilities', ['setpriv', '--inh-caps=+kill'], ''],
  ])('throws and leaves the thread as it was: %s', async (_who, how, before) => {
    const lines = await linesOf(
      `${open}
      ${before}
      failSyscall('capset', 1);
      const was = text();
      attempt(() => { alice.runSync(() => { print('ran'); }); });
      attempt(() => { alice.impersonate(); });
      print(String(text() === was));`,
      { through: how },
    );
    const error = 'ImpersonationError EPERM capset';
    expect(lines).toEqual([error, error, 'true']);
  });
});

describeSwitching('an error names what is missing', () => {
  const enter = `const alice = await world.alice.token();
    try { alice.runSync(() => { print('ran'); }); } catch (error) { print([error.code, error.syscall, error.message].join(' ')); }`;
  const setgid =
    /^EPERM setgroups EPERM: .*, setgroups: the process lacks CAP_SETGID \(docs\/rights\.md\); run npx impersonate doctor$/;
  test.each<[string, readonly string[], RegExp]>([
    ['no capability', asService([]), setgid],
    ['CAP_SETUID alone', asService(['setuid']), setgid],
    ['CAP_SETGID alone', asService(['setgid']), /^EPERM setresuid .*: the process lacks CAP_SETUID \(docs/],
    [
      'no_new_privs',
      ['setpriv', '--no-new-privs', ...asService([]).slice(1)],
      /lacks CAP_SETGID; no_new_privs is set, under which setcap has no effect/,
    ],
  ])('with %s', async (_what, how, expected) => {
    const [line] = await linesOf(enter, { through: how });
    expect(line).toMatch(expected);
  });

  test('in a user namespace that does not map the user or a group', async () => {
    const some = '0 0 1\n65520 65520 14';
    expect(await outputInUserNamespace(enter, { uids: some })).toMatch(
      new RegExp(`^EINVAL setresuid .*: uid ${String(alice.uid)} is not mapped in this user namespace`),
    );
    const both = `${some}\n${String(alice.uid)} ${String(alice.uid)} 1`;
    expect(await outputInUserNamespace(enter, { uids: both, gids: '0 0 1' })).toMatch(
      /^EINVAL setgroups .*: a group of the user is not mapped in this user namespace/,
    );
  });

  test('of a user who is in more groups than the kernel takes', async () => {
    const groups = Array.from(
      { length: 65_537 },
      (_, index) => `g${String(index)}:x:${String(100_000 + index)}:imp-alice`,
    );
    const [line] = await linesOf(enter, { through: withLines('/etc/group', groups) });
    expect(line).toMatch(/^EINVAL setgroups .*: the user is in more than NGROUPS_MAX groups/);
  });

  test('canAccess rejects a user that it cannot act as', async () => {
    const [line] = await linesOf(
      `const alice = await world.alice.token();
      print(await alice.canAccess(${JSON.stringify(fileOf(alice))}, 'read').catch((error) => [error.name, error.code, error.syscall].join(' ')));`,
      { through: asService([]) },
    );
    expect(line).toBe('ImpersonationError EPERM setgroups');
  });
});

describeSwitching('a Node that ignores NODE_OPTIONS', () => {
  // The effective uid is not that of the caller, which sets AT_SECURE like a capability.
  const secure = ['setpriv', '--ruid=4300', '--clear-groups'];
  const warnings = async (
    env: NodeJS.ProcessEnv,
    how: readonly string[],
    execArgv: string[] = [],
  ): Promise<number> => {
    const { stderr, code } = await runSource(`require(${product});`, { env, through: how, execArgv }, 'bare');
    expect(code).toBe(0);
    return (stderr.match(/IMPERSONATE_NODE_OPTIONS_IGNORED/g) ?? []).length;
  };

  // Such a Node ignores LD_PRELOAD too, which loads a sanitizer.
  const testUnlessPreloaded = process.env.LD_PRELOAD === undefined ? test : test.skip;
  testUnlessPreloaded('warns once, if they name this package and it was not loaded otherwise', async () => {
    const register = require.resolve('impersonate/register');
    const named = { NODE_OPTIONS: `--title=impersonate --require=${register}` };
    expect(await warnings(named, secure)).toBe(1);
    expect(await warnings(named, [])).toBe(0);
    expect(await warnings({ NODE_OPTIONS: '--max-old-space-size=512' }, secure)).toBe(0);
    expect(await warnings(named, secure, ['--title=impersonate', '--require', register])).toBe(0);
  });
});

describeSwitching('an account that has expired', () => {
  test('gets no token if the process may read the expiry', async () => {
    const attempt = `const attempt = (options) => Token.forUser('imp-expired', options).then(() => 'a token', (error) => [error.name, error.code, error.syscall].join(' '));
      print(await attempt({}));
      print(await attempt({ account: true }));
      print(await Token.forUser('imp-locked', { account: true }).then(String, (error) => error.code));
      print(await Token.forUser('imp-outdated').then((token) => token.user.name));`;
    expect(await linesOf(attempt)).toEqual([
      'ImpersonationError ERR_ACCOUNT_EXPIRED getspnam_r',
      expect.stringMatching(/^ImpersonationError PAM_\w+ pam_acct_mgmt$/),
      expect.stringMatching(/^Token imp-locked/),
      'imp-outdated',
    ]);
  });

  test('gets a token if the process may not read the expiry', async () => {
    const lines = await linesOf(
      `print(await Token.forUser('imp-expired').then((token) => token.user.name));`,
      {
        through: asService([]),
      },
    );
    expect(lines).toEqual(['imp-expired']);
  });
});
