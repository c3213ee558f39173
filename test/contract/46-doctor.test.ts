import { doctor, Token } from 'impersonate';
import { runSource } from '../support/children/child';
import { diagnose, runCommand } from '../support/children/command';
import { node, programFile, whoAmI } from '../support/children/programs';
import { alice, describeSwitching, expectActingAs, freshTokens } from '../support/world/acting';
import { accountOf, world } from '../support/world/world';

const names = ['scopes', 'logon', 's4u', 'peers', 'iis', 'negotiate-accept', 'processes', 'profiles'];
const aliceByName = accountOf(world.alice);
const lines = (text: string): string[] => text.split(/\r?\n/).filter(Boolean);

describeSwitching('doctor()', () => {
  freshTokens();

  test('reports each capability, and for each that is missing the reason and a remedy', async () => {
    const { capabilities, facts } = await doctor();
    expect(capabilities.map(({ name }) => name)).toEqual(names);
    for (const { can, because, fix } of capabilities) {
      expect([typeof because, typeof fix]).toEqual(can ? ['undefined', 'undefined'] : ['string', 'string']);
    }
    expect(facts.port).toBe(process.platform);
    const can = Object.fromEntries(capabilities.map((one) => [one.name, one.can]));
    expect(can).toMatchObject({ scopes: true, peers: true, iis: false, processes: true });
    expect(capabilities.find(({ name }) => name === 'iis')?.because).toContain('IIS');
  });

  test('is about the process, whoever is in effect, and changes no identity', async () => {
    const { facts } = await doctor();
    const count = Token.count;
    expect(await alice.run(() => doctor())).toMatchObject({ facts });
    const pending: Promise<unknown>[] = [];
    alice.runSync(() => {
      pending.push(doctor());
      expectActingAs(world.alice);
    });
    expect(await pending[0]).toMatchObject({ facts });
    expect(Token.count).toBe(count);
  });
});

describeSwitching('Token.canImpersonate()', () => {
  freshTokens();

  test('is true for a process that can act as other users, inside a scope and a flow too', () => {
    const count = Token.count;
    expect(Token.canImpersonate()).toBe(true);
    alice.runSync(() => {
      expect(Token.canImpersonate()).toBe(true);
      expectActingAs(world.alice);
    });
    expect(alice.run(() => Token.canImpersonate())).toBe(true);
    expect(Token.count).toBe(count);
  });
});

describeSwitching('npx impersonate doctor', () => {
  test('exits with 0 if all that is needed can be had, and else with 1 and its names', async () => {
    expect(await diagnose(['scopes', 'processes'])).toMatchObject({ code: 0 });
    const { code, stderr } = await runCommand(['doctor', '--need', 'scopes', '--need', 'iis']);
    expect([code, stderr.trim()]).toEqual([1, 'impersonate: This process cannot do what is needed: iis']);
  });

  test('prints a line for each capability, and no colours into a pipe', async () => {
    const escape = '\u001b[2J';
    const env = { NO_COLOR: undefined, UV_USE_IO_URING: escape, KRB5_KTNAME: `/none${escape}` };
    const { code, stdout } = await runCommand(['doctor'], { env });
    expect(code).toBe(0);
    const found = lines(stdout).flatMap((line) => /^(?:yes|no ) {2}([\w-]+) /.exec(line)?.[1] ?? []);
    expect(found).toEqual(names);
    expect(stdout).toMatch(/^no {3}iis .*\r?\n {5}because {2}\S.*\r?\n {5}fix {6}\S/m);
    expect(stdout).toContain(`port `);
    expect(stdout).not.toContain('\u001b');
  });

  test.each([
    [['doctor', '--need', 'flying'], `There are: ${names.join(', ')}`],
    [['doctor', 'scopes'], "Unexpected argument 'scopes'"],
    [['doctor', '--needs', 'scopes'], "Unknown option '--needs'"],
    [['whoami', 'alice'], "Unexpected argument 'alice'"],
    [['run', '--', 'id'], 'run needs --user NAME'],
    [['run', '--user', 'alice'], 'run needs a program'],
    [['run', '--user', 'alice', 'ls', '-l'], "Unknown option '-l'"],
    [['toString'], "There is no command 'toString'"],
    [[], 'There is no command'],
  ])('exits with 2 for a wrong command line: %j', async (args, message) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  test('--help names the commands', async () => {
    const { code, stdout } = await runCommand(['--help']);
    expect(code).toBe(0);
    for (const name of ['doctor', 'whoami', 'run']) expect(stdout).toContain(`impersonate ${name} `);
  });
});

describeSwitching('npx impersonate whoami', () => {
  interface Described {
    readonly user: { readonly id: string; readonly name?: string };
    readonly groups: readonly { readonly id: string }[];
    readonly level: string | null;
  }
  const described = async (...args: string[]): Promise<Described> => {
    const { code, stdout, stderr } = await runCommand(['whoami', '--json', ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout) as Described;
  };

  test('describes the process, and a user by name', async () => {
    const own = await described();
    expect([own.user.id, own.level]).toEqual([world.serviceId, null]);
    const user = await described('--user', aliceByName);
    expect(user.user).toEqual({
      id: world.alice.id,
      name: expect.stringContaining(world.alice.name) as string,
    });
    expect(user.level).toBe('impersonation');
    expect(user.groups.map(({ id }) => id)).toContain(world.alice.group);
  });

  test('prints a table', async () => {
    const { code, stdout } = await runCommand(['whoami', '--user', aliceByName]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^user {8}\\S*${world.alice.name} \\(${world.alice.id}\\)\\r?$`, 'm'));
    expect(stdout).toMatch(/^level {7}impersonation\r?$/m);
    expect(stdout).toContain(world.alice.group);
  });

  test('reports an unknown user', async () => {
    const { code, stdout, stderr } = await runCommand(['whoami', '--user', 'imp-unknown']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^impersonate: ERR_UNKNOWN_USER: /);
  });
});

describeSwitching('npx impersonate run', () => {
  const run = (source: string, ...args: string[]): ReturnType<typeof runCommand> =>
    runCommand(['run', '--user', aliceByName, '--', node, programFile(source), ...args], {
      env: { IMPERSONATE_TEST_SECRET: 'secret' },
    });

  test('runs a program as the user, with its arguments, output and exit code', async () => {
    const { code, stdout, stderr } = await run(
      `console.log(${whoAmI}); console.log(process.argv.slice(2).join(), process.env.IMPERSONATE_TEST_SECRET); console.error('x'); process.exit(7);`,
      'a b',
      '-c',
    );
    expect([code, lines(stdout), stderr.trim()]).toEqual([7, [world.alice.id, 'a b,-c undefined'], 'x']);
  });

  test('exits with 127 for a program that does not exist, and 1 for a user that does not', async () => {
    const missing = await runCommand(['run', '--user', aliceByName, '--', 'no-such-program']);
    expect(missing.code).toBe(127);
    expect(missing.stderr).toContain('no-such-program cannot be started');
    const unknown = await runCommand(['run', '--user', 'imp-unknown', '--', node]);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('ERR_UNKNOWN_USER');
  });
});

test('an error whose cause the doctor finds ends with the command, once, and others do not', async () => {
  const { stdout } = await runSource(`
    const show = (...args) => print(new ImpersonationError(...args).message);
    show('a', 'ERR_IMPERSONATION_DOWNGRADED', 1, 'setresuid');
    show(new ImpersonationError('b', 'ERR_NO_RESERVED_UID').message, 'ERR_NO_RESERVED_UID');
    show('c', 'EPERM', 1, 'setresuid');
    show('d', 'EPERM', 1, 'open');
    show('e', 'ERROR_PRIVILEGE_NOT_HELD', 1314, 'SetThreadToken');
    show('f', 'PAM_ABORT', 26, 'pam_authenticate');
    show('g', 'ERR_TOKEN_CLOSED');
    show('No key table entry found', 'ERR_HANDSHAKE_REFUSED');
    show('h', 'ERR_HANDSHAKE_REFUSED');`);
  const advice = '; run npx impersonate doctor';
  const expected = ['a', 'b', 'c'].map((text) => text + advice);
  expect(lines(stdout)).toEqual([
    ...expected,
    'd',
    `e${advice}`,
    `f${advice}`,
    'g',
    `No key table entry found${advice}`,
    'h',
  ]);
});
