import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, copyFileSync, existsSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ProgramLogon, type Token, spawnWithLogon, withoutToken } from 'impersonate';
import { linesOf, writeSource } from '../support/children/child';
import { countInMemory } from '../support/children/memory';
import { until } from '../support/children/progress';
import { ended, printed, programFile, whoAmI } from '../support/children/programs';
import { type Caught, caught } from '../support/errors';
import { tempFolder } from '../support/folders';
import { product } from '../support/paths';
import { isRunning, systemFolder } from '../support/win32/programs';
import { seam, type ProgramCall } from '../support/win32/seam';
import { expectActingAsService } from '../support/world/acting';
import { domain, world } from '../support/world/win32';

const addon = 'impersonate.node';
const node = process.execPath;
const who = programFile(`console.log(${whoAmI});`);
const endless = programFile('console.log("ready"); setInterval(() => {}, 1e6);');
const alice: ProgramLogon = { user: 'alice', domain, password: 'alice' };
const wrongPassword = 'not-the-password-of-alice';
let token: Token;

beforeAll(async () => {
  expect(seam().patchAuthority(addon)).toContain('advapi32.dll!CreateProcessWithLogonW');
  token = await world.bob.token();
});
beforeEach(() => {
  seam().takeProgramCalls();
});
afterEach(() => {
  seam().clearFaults();
  seam().takeAuthorityRecords();
  expectActingAsService();
});
afterAll(() => {
  token.close();
});

/** The calls of CreateProcessWithLogonW since the last time. */
const calls = (): ProgramCall[] =>
  seam()
    .takeProgramCalls()
    .filter((call) => call.function === 'CreateProcessWithLogonW');

const errorOf = async (child: ChildProcess): Promise<unknown> =>
  ((await once(child, 'error')) as unknown[])[0];

describe('a program with a logon', () => {
  test('is started as the user of the password, with the user’s environment, and runs in a job', async () => {
    expect(await printed(spawnWithLogon(alice, node, [who]))).toBe(world.alice.id);
    const suspended = 0x4,
      unicode = 0x400,
      noWindow = 0x8000000;
    const [call] = calls();
    expect(call).toMatchObject({
      application: node,
      account: `${domain}\\alice`,
      logonFlags: 0,
      hasEnvironment: false,
      folder: process.cwd(),
      desktop: '',
      startupFlags: 0x101,
      runtimeBlock: 0,
      impersonating: false,
    });
    expect((call?.flags ?? 0) & ~noWindow).toBe(suspended | unicode);
    const child = spawnWithLogon(alice, node, [endless]);
    await once(child.stdout, 'data');
    expect(seam().isInJob(child.pid ?? 0)).toBe(true);
    expect(child.kill()).toBe(true);
    expect(await once(child, 'close')).toEqual([null, 'SIGTERM']);
  });

  test('has its streams, folder and exit code', async () => {
    const source = 'process.stdin.pipe(process.stdout); console.error(process.cwd()); process.exitCode = 7;';
    const child = spawnWithLogon(alice, node, [programFile(source)], { cwd: systemFolder });
    child.stdin.end('input');
    expect(await ended(child)).toMatchObject({ code: 7, signal: null, stdout: 'input' });
    const path = join(tempFolder('logon'), 'output');
    const file = openSync(path, 'w');
    const other = spawnWithLogon(alice, node, [who], { stdio: ['ignore', file, file] });
    closeSync(file);
    expect(await once(other, 'exit')).toEqual([0, null]);
  });

  test('has the given environment, and of others what is the same for all users', async () => {
    const source = programFile('console.log(JSON.stringify(process.env))');
    const env = { A: '1', TEMP: 'C:\\mine', PATH: dirname(node) };
    const output = await printed(spawnWithLogon(alice, 'node', [source], { env }));
    const { A, TEMP, PATH, USERNAME, USERPROFILE, SystemRoot } = JSON.parse(output) as Record<string, string>;
    expect({ A, TEMP, PATH, USERNAME, USERPROFILE }).toEqual({
      ...env,
      USERNAME: undefined,
      USERPROFILE: undefined,
    });
    expect(SystemRoot).toMatch(/^C:\\windows$/i);
    expect(calls()).toMatchObject([{ hasEnvironment: true, application: join(dirname(node), 'node.exe') }]);
  });

  test('has nothing of the process’s environment', async () => {
    const lines = await linesOf(
      `const { spawnWithLogon } = require(${JSON.stringify(product)});
      require(${JSON.stringify(require.resolve('../support/win32/seam'))}).seam().patchAuthority('impersonate.node');
      const child = spawnWithLogon(${JSON.stringify(alice)}, process.execPath, ['-p', 'process.env.IMPERSONATE_SECRET']);
      for await (const part of child.stdout.setEncoding('utf8')) print(part.trim());`,
      { env: { IMPERSONATE_SECRET: 'secret' } },
    );
    expect(lines).toEqual(['undefined']);
  });

  test('is looked up in PATH of the process; a file that the process may not execute is the user’s matter', async () => {
    expect((await ended(spawnWithLogon(alice, 'whoami'))).code).toBe(0);
    const folder = tempFolder('own');
    copyFileSync(join(systemFolder, 'whoami.exe'), join(folder, 'tool.exe'));
    const lines = await linesOf(`
      const { spawnWithLogon } = require(${JSON.stringify(product)});
      const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
      seam().patchAuthority('impersonate.node');
      seam().patchWitness('impersonate.node');
      seam().allow(${JSON.stringify(folder)}, 'D:(A;;FA;;;${world.alice.id})(A;;0x80;;;${world.serviceId})');
      const child = spawnWithLogon(${JSON.stringify(alice)}, ${JSON.stringify(join(folder, 'tool.exe'))}, { stdio: 'ignore' });
      child.on('exit', (code) => print(code)).on('error', ({ code }) => print(code));`);
    expect(lines).toEqual(['0']);
  });

  test('loads the profile, or is the process’s user with other credentials for other computers', async () => {
    expect(await printed(spawnWithLogon(alice, node, [who], { profile: true }))).toBe(world.alice.id);
    const network = { ...alice, password: 'unchecked', netOnly: true };
    expect(await printed(spawnWithLogon(network, node, [who]))).toBe(world.serviceId);
    expect(calls().map(({ logonFlags }) => logonFlags)).toEqual([1, 2]);
    expect(caught(() => spawnWithLogon(network, node, [who], { profile: true }))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
    expect(calls()).toEqual([]);
  });

  test('has the desktop and the window that are asked for', async () => {
    const options = { desktop: 'WinSta0\\Default', windowsHide: true, detached: true } as const;
    await ended(spawnWithLogon(alice, 'whoami', options));
    expect(calls()).toMatchObject([{ desktop: options.desktop, showWindow: 0, flags: 0x404 }]);
  });

  test('ends with all that it has started, if tree is set', async () => {
    const file = join(tempFolder('tree'), 'pid');
    const source =
      programFile(`const child = require('child_process').spawn(process.execPath, [${JSON.stringify(endless)}], { stdio: 'ignore', detached: true });
      require('fs').writeFileSync(${JSON.stringify(file)}, ''); console.log(child.pid); setInterval(() => {}, 1e6);`);
    const child = spawnWithLogon(alice, node, [source], { tree: true });
    const [pid] = (await once(child.stdout, 'data')) as [Buffer];
    expect(isRunning(Number(pid))).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until(() => !isRunning(Number(pid)));
    expect(isRunning(Number(pid))).toBe(false);
  });
});

describe('what cannot be started with a logon', () => {
  test.each([
    ['a wrong password', { password: wrongPassword }, 'ERROR_LOGON_FAILURE', 1326],
    ['an unknown user', { user: 'nobody' }, 'ERROR_LOGON_FAILURE', 1326],
  ])('%s', (_name, changes, code, errno) => {
    const error = caught(() => spawnWithLogon({ ...alice, ...changes }, 'whoami')) as Caught & Error;
    expect(error).toMatchObject({
      name: 'ImpersonationError',
      code,
      errno,
      syscall: 'CreateProcessWithLogonW',
    });
    expect(`${error.message} ${String(error.stack)}`).not.toContain(wrongPassword);
  });

  test.each([
    [1327, 'ERROR_ACCOUNT_RESTRICTION', ''],
    [1331, 'ERROR_ACCOUNT_DISABLED', ''],
    [1907, 'ERROR_PASSWORD_MUST_CHANGE', ''],
    [1385, 'ERROR_LOGON_TYPE_NOT_GRANTED', 'log on locally'],
    [1058, 'ERROR_SERVICE_DISABLED', 'Secondary Logon'],
    [1114, 'ERROR_1114', 'options.desktop'],
  ])('error %i is %s', (errno, code, hint) => {
    seam().failImport(addon, 'CreateProcessWithLogonW', { error: errno });
    expect(caught(() => spawnWithLogon(alice, 'whoami'))).toMatchObject({
      ...{ code, errno, syscall: 'CreateProcessWithLogonW' },
      message: expect.stringContaining(hint) as string,
    });
  });

  test('errors that are about the program are events, as in node', async () => {
    const missing = spawnWithLogon(alice, 'nothing', ['a']);
    expect(await errorOf(missing)).toMatchObject({
      code: 'ENOENT',
      syscall: 'spawn nothing',
      spawnargs: ['a'],
    });
    seam().failImport(addon, 'CreateProcessWithLogonW', { error: 5 });
    expect(await errorOf(spawnWithLogon(alice, 'whoami'))).toMatchObject({ code: 'EACCES' });
    expect(caught(() => spawnWithLogon(alice, 'x.bat'))).toMatchObject({ code: 'EINVAL' });
  });

  test('what the service cannot pass on', () => {
    const refused = { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' };
    const wanted = (text: string): unknown => expect.stringMatching(new RegExp(`${text}.*token\\.spawn`));
    expect(
      caught(() => spawnWithLogon(alice, node, [who], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })),
    ).toMatchObject({ ...refused, message: wanted('IPC') });
    expect(caught(() => spawnWithLogon(alice, 'whoami', ['x'.repeat(1017)]))).toMatchObject({
      ...refused,
      message: wanted('1023'),
    });
    expect(calls()).toEqual([]);
  });

  test('a process of LocalSystem, whose calls Windows rejects', () => {
    seam().failImport(addon, 'IsWellKnownSid', { error: 0, returns: 1 });
    expect(caught(() => spawnWithLogon(alice, 'whoami'))).toMatchObject({
      code: 'ERROR_ACCESS_DENIED',
      message: expect.stringContaining('LocalSystem') as string,
    });
    expect(calls()).toEqual([]);
  });

  test('nothing in a flow or scope, where the process would look the program up', async () => {
    const error = { code: 'ERR_NOT_ROUTED', message: expect.stringContaining('spawnWithLogon()') as string };
    const start = (): unknown => spawnWithLogon(alice, 'whoami');
    token.runSync(() => {
      expect(caught(start)).toMatchObject(error);
    });
    await token.run(async () => {
      await Promise.resolve();
      expect(caught(start)).toMatchObject(error);
    });
    expect(calls()).toEqual([]);
    const child = token.run(() => withoutToken(() => spawnWithLogon(alice, node, [who])));
    expect(await printed(child)).toBe(world.alice.id);
  });

  test('nothing on a sealed thread, but in withoutToken()', async () => {
    const lines = await linesOf(`
      const { seal, spawnWithLogon, withoutToken } = require(${JSON.stringify(product)});
      const { seam } = require(${JSON.stringify(require.resolve('../support/win32/seam'))});
      seam().patchAuthority('impersonate.node');
      const start = () => spawnWithLogon(${JSON.stringify(alice)}, 'whoami', { stdio: 'ignore' });
      seal();
      try { start(); } catch ({ code }) { print(code); }
      withoutToken(() => start().on('exit', (code) => print(code)));`);
    expect(lines).toEqual(['ERR_NO_TOKEN', '0']);
  });

  test('a program that cannot join the job does not run', () => {
    const trace = join(tempFolder('job'), 'trace');
    const source = programFile(`require('fs').writeFileSync(${JSON.stringify(trace)}, '')`);
    seam().failImport(addon, 'AssignProcessToJobObject', { error: 8 });
    expect(caught(() => spawnWithLogon(alice, node, [source]))).toMatchObject({
      syscall: 'AssignProcessToJobObject',
    });
    expect(existsSync(trace)).toBe(false);
  });
});

describe('the password in memory', () => {
  // It comes from standard input: the text of a script stays in the memory of the engine.
  const source = `
    const fs = require('node:fs');
    const [, , product, seamAddon, size, netOnly, options, keep] = process.argv;
    const { spawnWithLogon } = require(product);
    require(seamAddon).patchAuthority('impersonate.node');
    const password = Buffer.alloc(Number(size));
    for (let read = 0; read < password.length; ) read += fs.readSync(0, password, read, password.length - read, null);
    let end = 'rejected';
    try {
      spawnWithLogon({ user: 'nobody-at-all', password, netOnly: netOnly === 'true' }, 'whoami', { stdio: 'ignore', ...JSON.parse(options) });
      end = 'fulfilled';
    } catch {}
    keep === 'keep' || password.fill(0);
    console.log(end);
    setInterval(() => {}, 1000);`;

  const leftOf = async (netOnly: boolean, options = {}, keep = ''): Promise<[string, boolean]> => {
    const password = randomBytes(12_000).toString('base64');
    const args = [
      product,
      require.resolve('../../build-win32-x64/Release/seam.node'),
      String(password.length),
    ];
    const child = spawn(
      node,
      [writeSource('bare', source), ...args, String(netOnly), JSON.stringify(options), keep],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: { ...process.env, NODE_OPTIONS: '' },
      },
    );
    try {
      child.stdin.write(password);
      const [end] = (await once(createInterface(child.stdout), 'line')) as [string];
      const parts = Array.from({ length: 31 }, (_, index) => password.slice(24 + 512 * index).slice(0, 32));
      const counts = (['utf8', 'utf16le'] as const).map((encoding) =>
        countInMemory(
          child.pid ?? 0,
          parts.map((part) => Buffer.from(part, encoding)),
        ),
      );
      return [end, counts.some((count) => count > 0)];
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  };

  test('is found if it is kept, and not after a success, a failure or wrong options', async () => {
    expect(await leftOf(true, {}, 'keep')).toEqual(['fulfilled', true]);
    expect(await leftOf(true)).toEqual(['fulfilled', false]);
    expect(await leftOf(false)).toEqual(['rejected', false]);
    expect(await leftOf(false, { cwd: 'a\0b' })).toEqual(['rejected', false]);
  });
});
