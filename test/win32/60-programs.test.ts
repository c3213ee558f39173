import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { Token } from 'impersonate';
import { linesOf } from '../support/children/child';
import { until } from '../support/children/progress';
import { caught } from '../support/errors';
import { tempFolder } from '../support/folders';
import { settledHandles } from '../support/win32/fault-walk';
import {
  idOf,
  isRunning,
  native,
  optionsOf,
  outputOf,
  run,
  start,
  systemFolder,
  whoAmI,
} from '../support/win32/programs';
import { seam, type ProgramCall } from '../support/win32/seam';
import { expectActingAs, expectActingAsService } from '../support/world/acting';
import { world } from '../support/world/win32';

const addon = 'impersonate.node';
const seamModule = JSON.stringify(require.resolve('../support/win32/seam'));
const node = process.execPath;
const forever = ['-e', 'setInterval(() => {}, 1000)'];
const signals = constants.signals;
let alice: Token;
let bob: Token;

beforeAll(async () => {
  seam().patchPrograms(addon);
  alice = await world.alice.token();
  bob = await world.bob.token();
});
afterEach(() => {
  seam().clearFaults();
  seam().swapProgram('');
  seam().takeProgramCalls();
  seam().takeAuthorityRecords();
  expectActingAsService();
});
afterAll(() => {
  alice.close();
  bob.close();
});

/** The call that created the last process. */
function lastCall(): ProgramCall {
  const call = seam().takeProgramCalls().at(-1);
  if (!call) throw new Error('no process was created');
  return call;
}

describe('a program', () => {
  test('has the user of the token, whoever the thread is', () => {
    expect([whoAmI(alice), whoAmI(bob)]).toEqual([world.alice.id, world.bob.id]);
    bob.runSync(() => {
      expect(whoAmI(alice)).toBe(world.alice.id);
      expect(lastCall().impersonating).toBe(false);
      expectActingAs(world.bob);
    });
    // Another addon's token.
    world.putForeign(world.bob);
    try {
      expect(whoAmI(alice)).toBe(world.alice.id);
      expect(lastCall().impersonating).toBe(false);
    } finally {
      world.removeForeign();
    }
  });

  test('may open its own token, as after a logon', () => {
    const source = `const { seam } = require(${seamModule}); seam().closeHandle(seam().ownToken()); console.log('opened')`;
    expect(outputOf(alice, node, ['-e', source])).toBe('opened');
  });

  test('has the given environment and what Windows programs need of the user’s, and nothing of the process', async () => {
    const given = ['b=2', 'A=1 =2', 'temp=C:\\mine', 'not a variable', '=C:=C:\\windows'];
    const env = { IMPERSONATE_SECRET: 'secret', USERNAME: 'service', USERPROFILE: 'C:\\service' };
    const [output = '', login] = await linesOf(
      `const { run, native } = require(${JSON.stringify(require.resolve('../support/win32/programs'))});
      const alice = await world.alice.token();
      const source = 'console.log(JSON.stringify(process.env))';
      print(Buffer.from(run(alice, process.execPath, ['-e', source], { env: ${JSON.stringify(given)} }).output[1]).toString().trim());
      print(/secret|service/.test(native.loginEnvironment(alice.openId()).join()));`,
      { env },
    );
    const seen = JSON.parse(output) as Record<string, string>;
    expect(seen).toMatchObject({ A: '1 =2', b: '2', temp: 'C:\\mine' });
    // Wine adds the last one itself.
    const required =
      /^(PATH|SystemDrive|SystemRoot|windir|HOMEDRIVE|HOMEPATH|LOGONSERVER|USERDOMAIN|USERNAME|USERPROFILE|PROCESSOR_ARCHITECTURE)$/i;
    const other = Object.keys(seen).filter((name) => !/^(A|b|temp|=C:|WINE\w*)$/.test(name));
    expect(other.filter((name) => !required.test(name))).toEqual([]);
    expect(seen.SystemRoot).toMatch(/^C:\\windows$/i);
    expect(Object.values(seen).filter((value) => /secret|service/.test(value))).toEqual([]);
    expect(login).toBe('false');
  });

  test('gets its arguments as they are', () => {
    const args = [
      'a b',
      '',
      'c"d',
      'e\\',
      'f g\\',
      '\\\\"h\\"',
      '"',
      '\\"',
      "'i'",
      '%PATH%',
      'é漢😀',
      '\t',
      '\\\\srv\\x y\\',
    ];
    const source = 'console.log(JSON.stringify(process.argv.slice(1)))';
    expect(JSON.parse(outputOf(alice, node, ['-e', source, '--', ...args]))).toEqual(args);
    outputOf(alice, 'cmd', ['/c', 'echo  "x"'], { windowsVerbatimArguments: true });
    expect(lastCall().commandLine).toBe('cmd /c echo  "x"');
  });

  test('gets pipes, files, the null device and nothing else', () => {
    const folder = tempFolder('stdio');
    const path = join(folder, 'output');
    const file = openSync(path, 'w');
    const source = `const fs = require('fs');
      fs.writeSync(1, fs.readFileSync(0)); fs.writeSync(2, 'to a file'); fs.writeSync(4, 'to a pipe');
      const isOpen = (fd) => { try { fs.fstatSync(fd); return true; } catch { return false; } };
      fs.writeSync(4, String([3, 5].map(isOpen)));`;
    const result = run(alice, node, ['-e', source], {
      stdio: ['pipe', 'pipe', file, null, 'pipe'],
      input: [Buffer.from('input')],
      output: [false, true, false, false, true],
    });
    closeSync(file);
    expect(result).toMatchObject({ status: 0, signal: 0, error: 0 });
    const output = typeof result === 'number' ? [] : result.output;
    expect(output.map((bytes) => bytes && Buffer.from(bytes).toString())).toEqual([
      null,
      'input',
      null,
      null,
      'to a pipefalse,false',
    ]);
    expect(readFileSync(path, 'utf8')).toBe('to a file');
    expect(outputOf(alice, node, ['-e', 'process.stdin.on("end", () => console.log("end")).resume()'])).toBe(
      'end',
    );
  });

  test('inherits nothing but its descriptors', () => {
    const handle = world.bob.mint();
    seam().makeInheritable(handle);
    const source = `const { seam } = require(${seamModule});
      console.log(seam().kernelObjects().some(({ handle, type }) => handle === ${String(handle)}n && type === 'Token'));`;
    // Node passes on every inheritable handle.
    expect(spawnSync(node, ['-e', source], { encoding: 'utf8' }).stdout.trim()).toBe('true');
    expect(outputOf(alice, node, ['-e', source])).toBe('false');
    seam().closeHandle(handle);
  });

  test('has its exit code, also one that Windows gives it', async () => {
    expect(await start(alice, 'cmd', ['/c', 'exit 7']).ended).toBe('7,0');
    // STATUS_DLL_INIT_FAILED
    expect(await start(alice, 'cmd', ['/c', 'exit -1073741502']).ended).toBe('3221225794,0');
  });

  test('begins in the given folder, and in that of the process', () => {
    expect(outputOf(alice, 'cmd', ['/c', 'cd'], { cwd: 'C:\\windows' })).toMatch(/^C:\\windows$/i);
    expect(outputOf(alice, 'cmd', ['/c', 'cd'])).toBe(process.cwd());
    expect(lastCall().folder).toBe(process.cwd());
  });

  test('has a window station of its user, a job, and no console of the process', () => {
    whoAmI(alice);
    const suspended = 0x4,
      unicode = 0x400,
      extended = 0x80000,
      noWindow = 0x8000000,
      detached = 0x208;
    const always = suspended | unicode | extended;
    const plainCall = lastCall();
    expect(plainCall).toMatchObject({ desktop: '', inherits: true, showWindow: 10, startupFlags: 0x101 });
    expect(plainCall.flags & ~noWindow).toBe(always);
    expect(plainCall.runtimeBlock).toBe(4 + 3 * 9);
    whoAmI(alice, { windowsHide: true });
    expect(lastCall()).toMatchObject({ flags: always | noWindow, showWindow: 0 });
    whoAmI(alice, { detached: true });
    expect(lastCall().flags).toBe(always | detached);
    whoAmI(alice, { desktop: 'WinSta0\\Default' });
    expect(lastCall().desktop).toBe('WinSta0\\Default');
  });

  test('is found in its folder, then in the PATH of its environment', () => {
    const folder = tempFolder('search');
    for (const name of ['one', 'two', 'with space']) mkdirSync(join(folder, name));
    const copy = (...names: string[]): void => {
      copyFileSync(join(systemFolder, 'whoami.exe'), join(folder, ...names));
    };
    copy('one', 'tool.exe');
    copy('two', 'tool.com');
    copy('two', 'tool.exe');
    copy('with space', 'spaced.exe');
    copy('dotted.name.exe');
    mkdirSync(join(folder, 'one', 'spaced.exe'));
    const path = [join(folder, 'one'), `"${join(folder, 'with space')}"`, 'two'].join(';');
    const found = (file: string, options = {}): string => {
      const result = run(alice, file, [], { cwd: folder, env: [`Path=${path}`], ...options });
      if (typeof result === 'number') return getSystemErrorName(result);
      return lastCall().application.replace(folder, '');
    };
    expect(found('tool')).toBe('\\one\\tool.exe');
    expect(found('tool.com')).toBe('\\two\\tool.com');
    expect(found('spaced')).toBe('\\with space\\spaced.exe');
    expect(found('two\\tool')).toBe('\\two\\tool.com');
    expect(found('.\\two/tool.exe')).toBe('\\.\\two/tool.exe');
    expect(found('tool', { cwd: join(folder, 'two') })).toBe('\\two\\tool.com');
    expect(found('dotted.name')).toBe('\\dotted.name.exe');
    expect(found(join(folder, 'one', 'tool.exe'))).toBe('\\one\\tool.exe');
    expect(found(`${folder.slice(2)}\\one\\tool`)).toBe('\\one\\tool.exe');
    for (const file of ['', '.', 'nothing', 'one', 'two\\nothing.exe', 'one\\spaced.exe', 'Q:\\x', folder]) {
      expect([file, found(file)]).toEqual([file, 'ENOENT']);
    }
  });
});

test('the program and its folder are opened as the user, and only looked at as the process', async () => {
  const folder = tempFolder('opened');
  copyFileSync(join(systemFolder, 'whoami.exe'), join(folder, 'tool.exe'));
  const lines = await linesOf(`
    const { run } = require(${JSON.stringify(require.resolve('../support/win32/programs'))});
    const { seam } = require(${seamModule});
    const folder = ${JSON.stringify(folder)};
    const tokens = [await world.alice.token(), await world.bob.token()];
    const tool = folder + '\\\\tool';
    seam().patchWitness('impersonate.node');
    seam().allow(folder, 'D:(A;;FA;;;${world.alice.id})(A;;0x80;;;${world.serviceId})');
    const outcome = (result) => typeof result === 'number' ? require('node:util').getSystemErrorName(result) : result.status;
    for (const token of tokens) {
      print([run(token, tool), run(token, 'whoami', [], { cwd: folder }), run(token, 'tool', [], { env: ['PATH=' + folder] })].map(outcome).join());
    }
    const seen = seam().takeRecords().filter(({ subject }) => subject.includes(folder)).map(({ function: name, sid }) => name + ' ' + sid);
    print([...new Set(seen)].sort().join('; '));`);
  expect(lines).toEqual([
    '0,0,0',
    'EACCES,EACCES,EACCES',
    [
      `CreateFileW ${world.serviceId}`,
      ...[world.alice.id, world.bob.id].map((id) => `CreateFileW ${id}`),
      ...[world.alice.id, world.bob.id].map((id) => `GetFileAttributesW ${id}`),
    ].join('; '),
  ]);
});

describe('what cannot be started', () => {
  const outcome = (work: () => unknown): unknown => {
    const result = work();
    return typeof result === 'number' ? getSystemErrorName(result) : result;
  };

  test.each(['x.bat', 'x.CMD', 'C:\\x.bat. .', 'x.cmd...', 'dir\\x.Bat '])(
    '%s without a shell is EINVAL',
    (file) => {
      expect(outcome(() => run(alice, file))).toBe('EINVAL');
    },
  );

  test('a batch file that is found is EINVAL', () => {
    const folder = tempFolder('batch');
    writeFileSync(join(folder, 'x.bat'), 'exit 3');
    writeFileSync(join(folder, 'y.bat.exe'), 'exit 3');
    expect(outcome(() => run(alice, 'x', [], { cwd: folder }))).toBe('ENOENT');
    expect(outcome(() => run(alice, join(folder, 'x.bat')))).toBe('EINVAL');
    expect(seam().takeProgramCalls()).toEqual([]);
  });

  test('a file that is no program, a folder that is none, and too long a command line have codes of libuv', () => {
    const folder = tempFolder('errors');
    const file = join(folder, 'script.exe');
    writeFileSync(file, 'no program');
    expect(outcome(() => run(alice, file))).toBe('EFTYPE');
    expect(outcome(() => run(alice, 'cmd', [], { cwd: file }))).toBe('ENOENT');
    expect(outcome(() => run(alice, 'cmd', [], { cwd: join(folder, 'none') }))).toBe('ENOENT');
    expect(outcome(() => run(alice, 'cmd', ['x'.repeat(32767)]))).toBe('ENAMETOOLONG');
    expect(outcome(() => run(alice, 'cmd', ['x'.repeat(1_000_000)]))).toBe('ENAMETOOLONG');
    expect(outputOf(alice, node, ['-p', 'process.argv[1].length', '漢'.repeat(20_000)])).toBe('20000');
    expect(outcome(() => run(alice, 'cmd', [], { stdio: [null, null, null, 99] }))).toBe('EBADF');
    const many = Array.from({ length: 256 }, () => null);
    expect(outcome(() => run(alice, 'cmd', [], { stdio: many }))).toBe('ENOTSUP');
  });

  test('a program or folder that the user may not open is EACCES', () => {
    const denied = (skip: number, work: () => unknown): unknown => {
      seam().failImport(addon, 'CreateFileW', { error: 5, returns: -1, skip, times: 100 });
      return outcome(work);
    };
    const noStdio = { stdio: [] };
    // Three null devices, the folder, and the candidates in PATH.
    expect(denied(3, () => run(alice, 'whoami', [], noStdio))).toBe('EACCES');
    expect(denied(4, () => run(alice, 'whoami', [], noStdio))).toBe('EACCES');
    expect(seam().takeProgramCalls()).toEqual([]);
  });

  test('a token that cannot work, and one that is closed, are named', async () => {
    using weak = alice.duplicate({ level: 'identification' });
    expect(caught(() => run(weak, 'whoami'))).toMatchObject({ code: 'ERR_TOKEN_LEVEL' });
    const closed = await world.alice.token();
    const id = idOf(closed);
    closed.close();
    expect(caught(() => native.runProgram(id, optionsOf('whoami')))).toMatchObject({
      code: 'ERR_TOKEN_CLOSED',
    });
    expect(seam().takeProgramCalls()).toEqual([]);
  });

  test('a process of another user, or of another file, is ended before it has run', () => {
    const other = world.bob.mint({ type: 'primary' });
    seam().swapProgram('', other);
    expect(caught(() => run(alice, 'whoami'))).toMatchObject({ code: 'ERR_IMPERSONATION_MISMATCH' });
    seam().closeHandle(other);
    const folder = tempFolder('swapped');
    const trace = join(folder, 'trace');
    seam().swapProgram(node);
    const swapped = run(alice, 'whoami', ['-e', `require('fs').writeFileSync(${JSON.stringify(trace)}, '')`]);
    expect(swapped).toBe(-4092); // EACCES
    expect(() => readFileSync(trace)).toThrow('ENOENT');
  });

  test('a desktop that the user has no access to is named', () => {
    seam().failImport(addon, 'CreateProcessAsUserW', { error: 1114 });
    expect(caught(() => run(alice, 'whoami'))).toMatchObject({
      syscall: 'CreateProcessAsUserW',
      message: expect.stringContaining('options.desktop') as string,
    });
  });
});

describe('kill', () => {
  test('ends the program, and takes the signals that libuv takes', async () => {
    for (const signal of [signals.SIGTERM, signals.SIGKILL, signals.SIGINT, 3]) {
      const { id, ended } = start(alice, node, forever);
      expect(native.killProgram(id, 0)).toBe(0);
      expect(
        ['SIGHUP', -1, 99]
          .map((one) => native.killProgram(id, typeof one === 'number' ? one : signals.SIGHUP))
          .map(getSystemErrorName),
      ).toEqual(['ENOSYS', 'EINVAL', 'EINVAL']);
      expect(native.killProgram(id, signal)).toBe(0);
      expect(await ended).toBe(`1,${String(signal)}`);
      expect(getSystemErrorName(native.killProgram(id, 0))).toBe('ESRCH');
    }
  });

  test('of a program that has ended is ESRCH, also if its exit code is that of a running one', async () => {
    let id = 0;
    const ended = new Promise<number>((resolve) => {
      const started = native.startProgram(
        idOf(alice),
        optionsOf('cmd', ['/c', 'exit 259'], { stdio: [] }),
        resolve,
      );
      id = (started as { id: number }).id;
    });
    expect(await ended).toBe(259);
    expect([0, 9].map((signal) => getSystemErrorName(native.killProgram(id, signal)))).toEqual([
      'ESRCH',
      'ESRCH',
    ]);
    native.closeProgram(id);
  });

  const parent = `const child = require('child_process').spawn(process.execPath, ${JSON.stringify(forever)}, { stdio: 'ignore', detached: true });
    require('fs').writeFileSync(process.argv[1], String(child.pid)); setInterval(() => {}, 1000);`;
  const pidIn = async (path: string): Promise<number> => {
    const read = (): number => {
      try {
        return Number(readFileSync(path, 'utf8'));
      } catch {
        return 0;
      }
    };
    await until(() => read() > 0);
    return read();
  };

  test.each([true, false])('with tree %p ends what the program has started, or not', async (tree) => {
    const path = join(tempFolder('tree'), 'pid');
    const { id, ended } = start(alice, node, ['-e', parent, path], { tree });
    const inner = await pidIn(path);
    expect(isRunning(inner)).toBe(true);
    native.killProgram(id, signals.SIGKILL);
    expect(await ended).toBe('1,9');
    if (tree) await until(() => !isRunning(inner));
    expect(isRunning(inner)).toBe(!tree);
    if (!tree) process.kill(inner);
  });

  const starter = (options: string, end: string): string => `
    const { start, native } = require(${JSON.stringify(require.resolve('../support/win32/programs'))});
    const alice = await world.alice.token();
    const path = require('node:path').join(require('node:fs').mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'tied-')), 'pid');
    const started = start(alice, process.execPath, ['-e', ${JSON.stringify(parent)}, path], ${options});
    while (!fs.existsSync(path) || fs.readFileSync(path, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 5));
    print(started.pid + ',' + fs.readFileSync(path, 'utf8'));
    ${end}`;
  const pidsOf = async (options: string, end: string): Promise<number[]> =>
    (await linesOf(starter(options, end)))[0]?.split(',').map(Number) ?? [];

  test.each([
    ['it exits', 'process.exit(0)'],
    ['it closed the program before', 'native.closeProgram(started.id); process.exit(0)'],
  ])('a program and what it has started end with the process when %s', async (_how, end) => {
    const pids = await pidsOf('{}', end);
    expect(pids).toHaveLength(2);
    await until(() => !pids.some(isRunning));
    expect(pids.filter(isRunning)).toEqual([]);
  });

  test('a detached one does not', async () => {
    const pids = await pidsOf('{ detached: true }', 'process.exit(0)');
    expect(pids.map(isRunning)).toEqual([true, true]);
    for (const pid of pids) process.kill(pid);
  });
});

test('50 programs of two users at a time have the right user each', async () => {
  const before = await settledHandles();
  const folder = tempFolder('many');
  const one = async (index: number): Promise<string> => {
    const [token, who] = index % 2 === 0 ? [alice, world.alice] : [bob, world.bob];
    const file = openSync(join(folder, String(index)), 'w');
    const { ended } = start(token, 'whoami', ['/user'], { stdio: [null, file, file] });
    closeSync(file);
    expect(await ended).toBe('0,0');
    return readFileSync(join(folder, String(index)), 'utf8').includes(who.id) ? 'right' : 'wrong';
  };
  const seen = await Promise.all(Array.from({ length: 50 }, (_, index) => one(index)));
  expect(seen.filter((result) => result !== 'right')).toEqual([]);
  expect(await settledHandles(before)).toBeLessThanOrEqual(before + 5);
});

test('a program that is closed while it runs goes on, and leaves nothing when it ends', async () => {
  const path = join(tempFolder('closed'), 'done');
  const source = `setTimeout(() => require('fs').writeFileSync(process.argv[1], 'done'), 300)`;
  const round = async (): Promise<void> => {
    writeFileSync(path, '');
    const { id, pid } = start(alice, node, ['-e', source, path]);
    native.closeProgram(id);
    await until(() => !isRunning(pid));
    expect(readFileSync(path, 'utf8')).toBe('done');
  };
  await round();
  const before = await settledHandles();
  await round();
  expect(await settledHandles(before)).toBeLessThanOrEqual(before);
});

describe('without the right to assign primary tokens', () => {
  const fail = (times = 100): void => {
    seam().failImport(addon, 'CreateProcessAsUserW', { error: 1314, times });
  };

  test('a program is started by the service Secondary Logon', async () => {
    fail();
    expect(whoAmI(alice)).toBe(world.alice.id);
    const records = seam()
      .takeAuthorityRecords()
      .filter((one) => one.function === 'CreateProcessWithTokenW');
    expect(records.map(({ subject, level }) => [subject.toLowerCase(), level])).toEqual([
      [`${systemFolder}\\whoami.exe`.toLowerCase(), 'none'],
    ]);
    const { id, pid, ended } = start(alice, node, forever, { tree: true });
    expect(seam().isInJob(pid)).toBe(true);
    expect(native.killProgram(id, 9)).toBe(0);
    expect(await ended).toBe('1,9');
  });

  test('what the service cannot pass on is refused', () => {
    fail();
    const refused = { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' };
    const wanted = (text: string): unknown =>
      expect.stringMatching(new RegExp(`${text}.*SeAssignPrimaryTokenPrivilege`));
    const ipc = { stdio: [null, null, null, 'overlapped'] as const };
    expect(caught(() => run(alice, 'whoami', [], ipc))).toMatchObject({ ...refused, message: wanted('2') });
    expect(caught(() => run(alice, 'whoami', ['x'.repeat(1017)]))).toMatchObject({
      ...refused,
      message: wanted('1023'),
    });
    expect(
      seam()
        .takeAuthorityRecords()
        .filter((one) => one.function === 'CreateProcessWithTokenW'),
    ).toEqual([]);
    expect(run(alice, 'whoami', ['x'.repeat(1016)])).toMatchObject({ error: 0 });
  });

  test('a process that may do neither is told what it lacks', () => {
    fail();
    seam().failImport(addon, 'CreateProcessWithTokenW', { error: 1314 });
    expect(caught(() => run(alice, 'whoami'))).toMatchObject({
      code: 'ERROR_PRIVILEGE_NOT_HELD',
      syscall: 'CreateProcessWithTokenW',
      message: expect.stringContaining('SeIncreaseQuotaPrivilege') as string,
    });
  });
});

describe('pipes of a program', () => {
  test('can be opened by this process alone, once, and identify nobody', () => {
    run(alice, 'whoami', [], { stdio: [null, 'pipe', 'overlapped'] });
    const duplex = 3,
      overlapped = 0x40000000,
      first = 0x80000,
      rejectRemote = 8;
    const access = 0x12018b,
      anonymous = 0x100000;
    const service = world.serviceId;
    const served = `CreateNamedPipeW ${String(duplex + overlapped + first)} ${String(rejectRemote)} O:${service}D:P(A;;FA;;;${service})(A;;FA;;;SY)(A;;FA;;;BA)`;
    expect(
      seam()
        .takeAuthorityRecords()
        .map((one) => `${one.function} ${one.subject}`),
    ).toEqual([
      served,
      `CreateFileW ${String(access)} ${String(anonymous)}`,
      served,
      `CreateFileW ${String(access)} ${String(anonymous + overlapped)}`,
    ]);
  });
});

describe('every call that fails', () => {
  const calls: [string, number][] = [
    ...`DuplicateTokenEx CreateProcessAsUserW InitializeProcThreadAttributeList UpdateProcThreadAttribute
        SetInformationJobObject CreateJobObjectW DuplicateHandle ConnectNamedPipe SetHandleInformation
        GetFullPathNameW OpenProcessToken GetTokenInformation QueryFullProcessImageNameW GetFileInformationByHandle
        CreateThreadpoolWait ConvertStringSecurityDescriptorToSecurityDescriptorW CompareStringOrdinal
        CreateEnvironmentBlock LoadLibraryExW MultiByteToWideChar SystemFunction036 SetThreadToken`
      .trim()
      .split(/\s+/)
      .map((name): [string, number] => [name, 0]),
    ['CreateFileW', -1],
    ['CreateNamedPipeW', -1],
    ['ResumeThread', -1],
  ];

  test.each(calls)('%s leaves no process, handle or identity behind', async (name, returns) => {
    const file = openSync(join(tempFolder('faults'), 'file'), 'w');
    const once = async (): Promise<number> => {
      const options = { stdio: ['pipe', 'pipe', file, null, 'overlapped'] as const };
      const { ended, descriptors } = start(alice, 'whoami', ['/user'], options);
      for (const fd of descriptors) if (fd >= 0) closeSync(fd);
      await ended;
      return 0;
    };
    await once();
    await once();
    const before = await settledHandles();
    let failed = 0;
    // SetThreadToken removes the process's own failures: the first call of each pair puts the token on.
    for (let skip = 0; skip < 200; skip += 1) {
      if (name === 'SetThreadToken' && skip > 0) break;
      seam().failImport(addon, name, { error: 8, returns, skip, times: 1, late: true });
      seam().takeProgramCalls();
      let error: unknown;
      await once().catch((reason: unknown) => (error = reason));
      const hit = seam().importCalls(addon, name) > skip;
      seam().clearFaults();
      expectActingAsService();
      if (!hit) break;
      if (error !== undefined) failed++;
    }
    closeSync(file);
    expect(failed).toBeGreaterThan(0);
    expect(await settledHandles(before)).toBeLessThanOrEqual(before + 1);
  });
});
