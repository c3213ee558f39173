import { registered } from '../support/children/sources';
import { readFileSync } from 'node:fs';
import { linesOf, runSource } from '../support/children/child';
import { asService, outputInUserNamespace, withLines } from '../support/linux/environment';
import { signaller } from '../support/linux/signaller';
import { describeSwitching } from '../support/world/acting';
import { fileOf, world } from '../support/world/linux';

const { alice, bob } = world;
const reserved = 65533;

describeSwitching('a user may not signal the service', () => {
  let alicesProcess: ReturnType<typeof signaller>;
  beforeAll(() => {
    alicesProcess = signaller();
  });
  afterAll(() => {
    alicesProcess.stop();
  });

  const scopes: [string, string][] = [
    ['runSync', 'alice.runSync(check)'],
    [
      'impersonate()',
      '(() => { const scope = alice.impersonate(); try { return check(); } finally { scope.revert(); } })()',
    ],
    ['a nested runSync', 'bob.runSync(() => alice.runSync(check))'],
    ['a scope of another user', 'bob.runSync(check)'],
    ['withoutToken in a scope', 'alice.runSync(() => require(product).withoutToken(check))'],
  ];
  const through = { root: [], 'a service account': asService(['setuid', 'setgid', 'kill', 'setpcap']) };
  test.each(Object.entries(through))('inside any scope of a thread, as %s', async (_who, how) => {
    const lines = await linesOf(
      `${alicesProcess.source}
      const product = ${JSON.stringify(require.resolve('impersonate'))};
      const [alice, bob] = [await world.alice.token(), await world.bob.token()];
      const check = () => [process.pid, threadId()].map(maySignal).join();
      print(String(maySignal(signallerId)));
      ${scopes.map(([, code]) => `print(${code});`).join('\n')}`,
      { through: how },
    );
    expect(lines).toEqual(['true', ...scopes.map(() => 'false,false')]);
  });

  test('that has an ImpersonatedWorker', async () => {
    const lines = await linesOf(`${alicesProcess.source}
      const { ImpersonatedWorker } = require(${JSON.stringify(require.resolve('impersonate'))});
      const token = await world.alice.token();
      const code = "const { parentPort } = require('node:worker_threads'); const fs = require('node:fs');" +
        "parentPort.once('message', () => {}); parentPort.postMessage(/^Pid:\\\\s+(\\\\d+)/m.exec(fs.readFileSync('/proc/thread-self/status', 'utf8'))[1]);";
      const worker = new ImpersonatedWorker(code, { eval: true, token });
      const id = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      print([process.pid, id].map(maySignal).join());
      worker.postMessage('end');`);
    expect(lines).toEqual(['false,false']);
  });
});

describeSwitching('the reserved real uid', () => {
  const uids = `const uids = () => /^Uid:\\s+(.*)$/m.exec(fs.readFileSync('/proc/thread-self/status', 'utf8'))[1].split('\\t').join();
    const token = await world.alice.token();
    try { print(token.runSync(uids)); } catch (error) { print([error.name, error.code, error.message].join(' ')); }`;
  const inScope = (real: number): string => [real, alice.uid, 0, alice.uid].join();

  const withAccounts = (lines: string[]): string[] => withLines('/etc/passwd', lines);
  const account = (uid: number): string =>
    `taken-${String(uid)}:x:${String(uid)}:${String(uid)}::/:/bin/false`;

  test('belongs to no account', async () => {
    expect(await linesOf(uids, { through: withAccounts([]) })).toEqual([inScope(reserved)]);
    const taken = [account(65533), account(65532)];
    expect(await linesOf(uids, { through: withAccounts(taken) })).toEqual([inScope(65531)]);
  });

  test('is the highest free uid if the preferred ones are taken', async () => {
    const taken = Array.from({ length: 14 }, (_, index) => account(65520 + index));
    expect(await linesOf(uids, { through: withAccounts([...taken, account(4294967294)]) })).toEqual([
      inScope(4294967293),
    ]);
  });

  test('can be configured', async () => {
    const env = { IMPERSONATE_RESERVED_UID: '4242' };
    expect(await linesOf(uids, { env })).toEqual([inScope(4242)]);
    expect(await linesOf(uids, { env: { IMPERSONATE_RESERVED_UID: '' } })).toEqual([inScope(reserved)]);
  });

  test.each(['0', '-1', '4294967295', '4294967296', 'games', '12x', ' 12'])(
    'cannot be configured as %j: the package does not load',
    async (setting) => {
      const source = `try { require(${JSON.stringify(require.resolve('impersonate'))}); } catch (error) { console.log(error.code, error.message); }`;
      const { stdout } = await runSource(source, { env: { IMPERSONATE_RESERVED_UID: setting } }, 'bare');
      expect(stdout).toMatch(/^ERR_NO_RESERVED_UID IMPERSONATE_RESERVED_UID must be a uid that no user has/);
    },
  );

  test('cannot be that of a token', async () => {
    const lines = await linesOf(uids, { env: { IMPERSONATE_RESERVED_UID: String(alice.uid) } });
    expect(lines).toEqual([
      expect.stringMatching(/^ImpersonationError ERR_INVALID_IDENTITY .*IMPERSONATE_RESERVED_UID/),
    ]);
  });

  test('cannot be that of a token inside a scope either, which stays as it is', async () => {
    const lines = await linesOf(
      `const [alice, bob] = [await world.alice.token(), await world.bob.token()];
      bob.runSync(() => {
        try { alice.runSync(() => { print('ran'); }); } catch (error) { print(error.code); }
        print(String(world.whoAmI() === world.bob.id));
      });
      print(String(world.whoAmI() === world.serviceId));`,
      { env: { IMPERSONATE_RESERVED_UID: String(alice.uid) } },
    );
    expect(lines).toEqual(['ERR_INVALID_IDENTITY', 'true', 'true']);
  });

  const inNamespace = (map: string, accounts: string[]): Promise<string> =>
    outputInUserNamespace(uids, { uids: map, through: withAccounts(accounts) });

  test('is the highest uid that the user namespace maps and no account has', async () => {
    const map = `0 0 1\n${String(alice.uid)} ${String(alice.uid)} 1\n70000 70000 3`;
    expect(await inNamespace(map, [])).toBe(inScope(70002));
    expect(await inNamespace(map, [account(70002), account(70001)])).toBe(inScope(70000));
  });

  test('is missing if every mapped uid has an account: entering throws', async () => {
    const map = `0 0 1\n${String(alice.uid)} ${String(alice.uid)} 1`;
    expect(await inNamespace(map, [])).toMatch(/^ImpersonationError ERR_NO_RESERVED_UID Every uid/);
  });
});

describeSwitching('access(2), which checks the real uid', () => {
  const files = JSON.stringify([fileOf(alice), fileOf(bob), '/nowhere', '']);
  const check = `const tries = () => ${files}.flatMap((path) => [0, 4, 2, 1].map((mode) => { try { fs.accessSync(path, mode); return 'ok'; } catch (error) { return error.code; } }).concat(fs.existsSync(path)));
    const token = await world.alice.token();
    print(token.runSync(tries).join());
    { const scope = token.impersonate(); try { print(tries().join()); } finally { scope.revert(); } }`;
  const own = 'ok,ok,ok,EACCES,true';
  const others = 'ok,EACCES,EACCES,EACCES,true';
  const none = 'ENOENT,ENOENT,ENOENT,ENOENT,false';
  const expected = [own, others, none, none].join();

  test('accessSync and existsSync in a scope check the user', async () => {
    expect(await linesOf(check)).toEqual([expected, expected]);
  });

  test.each([
    [38, 'is missing (ENOSYS)'],
    [1, 'is unknown to a filter of system calls (EPERM)'],
  ])('they do so too if faccessat2 fails with %d because it %s', async (errno) => {
    const probe = `require(${JSON.stringify(require.resolve('../support/linux/probe'))}).probe().failSyscall('faccessat2', ${String(errno)});`;
    expect(await linesOf(`${probe} ${check}`)).toEqual([expected, expected]);
  });

  test('they reject what Node rejects, with its error', async () => {
    const lines = await linesOf(`const token = await world.alice.token();
      const outcome = (...args) => { try { fs.accessSync(...args); return 'ok'; } catch (error) { return [error.name, error.code, error.message].join(' '); } };
      for (const args of [[1], ['a\\0b'], ['/', 'x'], ['/', 99], []]) print(String(token.runSync(() => outcome(...args)) === outcome(...args)));
      print(String(token.runSync(() => fs.existsSync({}))));`);
    expect(lines).toEqual(['true', 'true', 'true', 'true', 'true', 'false']);
  });
});

test('the users of these tests are not the reserved uid', () => {
  expect(readFileSync('/etc/passwd', 'utf8')).not.toMatch(
    new RegExp(`^[^:]*:[^:]*:${String(reserved)}:`, 'm'),
  );
});

describeSwitching('process.kill()', () => {
  test('signals as the user in a flow and in a scope, and not this process', async () => {
    const lines = await registered(
      'kill',
      `const { spawn } = require('node:child_process');
      const sleeper = (options) => spawn('/bin/sleep', ['600'], { stdio: 'ignore', ...options });
      const started = [sleeper(), sleeper({ uid: Number(alice.id), gid: Number(alice.id) })];
      const [own, hers] = started.map(({ pid }) => pid);
      const thread = Number(fs.readdirSync('/proc/self/task').find((id) => Number(id) !== process.pid));
      const kills = { own, hers, self: process.pid, thread, group: 0, every: -1, other: -own };
      for (const [name, pid] of Object.entries(kills)) {
        const kill = () => process.kill(pid, 0);
        print([name, await outcome(() => tokens.alice.run(kill)), await outcome(() => tokens.alice.runSync(kill))].join());
      }
      print(String(process.kill(own, 0)));
      for (const child of started) child.kill('SIGKILL');`,
    );
    const no = 'ERR_NOT_ROUTED,ERR_NOT_ROUTED';
    expect(lines).toEqual([
      ...['own,denied,denied', 'hers,true,true', `self,${no}`, `thread,${no}`, `group,${no}`, `every,${no}`],
      ...[`other,${no}`, 'true'],
    ]);
  });
});
